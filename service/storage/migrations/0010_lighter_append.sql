-- What a call of the append function costs whatever it holds: fewer parameters, settings and plan nodes, and no probe of
-- conditions if nothing was recorded since what they rest on.

DROP FUNCTION ledger.append_batch;

-- Appends a batch of requests, each wholly or not at all, in one transaction.
--
-- VOLATILE PL/pgSQL under READ COMMITTED: the first statement takes the head's lock, and only later statements, each
-- with a snapshot of its own, probe. One statement that did both would probe with the snapshot that it took before it
-- waited for the lock, and wrongly pass.
--
-- Called first with k_ and p_, which ask whether any request of the batch may have to be refused; only if so, or if a
-- condition names no type, with c_ and a_ in their place, which decide each. The others are null then.
--
-- k_after: the first position, of all conditions, after which none of the types may have been recorded, null without
-- conditions. All others are parallel arrays, one element for
-- r_…: each request, in order: how many events it has and how many come before it, when it was decided, and its
--      idempotency key, null if it has none
-- k_…: each type that conditions name, by sets of types: the number of its set, and the key of the type alone
-- p_…: each tag that goes with a set: its key XOR that of the empty tag, so that XOR with the key of a type gives the key
--      to probe, and the first position after which that may not have been recorded
-- c_…: each key that a condition of request n is probed by, with the type that it stands for and all the tags that an
--      event must carry, joined by a space
-- a_…: each condition of request n that names no type; key: that of a tag. Without tags every event matches.
-- t_…: each type that the caller has not seen recorded yet, with its key; null if there is none
-- e_…: each event: the number of its request, which of its events it is, from 1; tags joined by a space; commitment: 32
--      bytes
-- i_…: each index row: the number of the request, which of its events, and a key of it
--
-- `head_position`: the head before the batch; null if nothing is recorded because a request may have to be refused.
-- `refused`: why, by number of the request, some were not recorded; the others have the positions that follow the head,
-- in order.
--
-- The connection sets how to plan: once, and by index probes only (service/storage/connections.py).
CREATE FUNCTION ledger.append_batch(
    r_size integer[], r_before integer[], r_decided_at timestamptz[], r_decision_id uuid[], r_client text[],
    r_programme text[], r_key text[], r_fingerprint bytea[],
    k_after bigint, k_set integer[], k_key bigint[], p_set integer[], p_tag bigint[], p_after bigint[],
    c_n integer[], c_after bigint[], c_key bigint[], c_type text[], c_tags text[],
    a_n integer[], a_after bigint[], a_key bigint[], a_tags text[],
    t_type text[], t_key bigint[],
    e_n integer[], e_at integer[], e_id uuid[], e_programme text[], e_type text[], e_version integer[], e_tags text[],
    e_salt bytea[], e_envelope bytea[], e_data bytea[], e_commitment bytea[],
    i_n integer[], i_at integer[], i_key bigint[],
    OUT head_position bigint, OUT refused jsonb
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    recorded timestamptz;
    suspect boolean;
    conflicts jsonb;
    last_request integer := cardinality(r_size);
    appended integer := r_before[last_request] + r_size[last_request];
BEGIN
    SELECT h.position, greatest(clock_timestamp(), h.recorded_at) INTO head_position, recorded
        FROM ledger.head h FOR UPDATE;

    IF c_n IS NULL THEN
        SELECT EXISTS (
            SELECT FROM generate_subscripts(r_key, 1) AS r
            -- Not EXISTS, which could be answered by reading every key once.
            LEFT JOIN LATERAL (
                SELECT true AS is_known FROM ledger.idempotency i
                WHERE (i.client, i.programme, i.key) = (r_client[r], r_programme[r], r_key[r]) OFFSET 0
            ) earlier ON true
            WHERE earlier.is_known OR r_decided_at[r] < recorded - interval '5 seconds'
        ) INTO suspect;

        IF NOT suspect AND k_after < head_position THEN
            SELECT EXISTS (
                SELECT FROM (
                    -- Most types are recorded rarely: what goes with them is not probed.
                    SELECT k_set[k] AS set, k_key[k] AS key FROM generate_subscripts(k_key, 1) AS k
                    CROSS JOIN LATERAL (
                        SELECT FROM ledger.boundary_index b
                        WHERE b.key = k_key[k] AND b.position > k_after AND b.position <= head_position LIMIT 1
                    ) since
                    OFFSET 0
                ) k
                CROSS JOIN LATERAL (
                    SELECT p_tag[p] AS tag, p_after[p] AS after FROM generate_subscripts(p_tag, 1) AS p
                    WHERE p_set[p] = k.set OFFSET 0
                ) p
                CROSS JOIN LATERAL (
                    SELECT FROM ledger.boundary_index b
                    WHERE b.key = k.key # p.tag AND b.position > p.after AND b.position <= head_position OFFSET 0
                ) candidate
            ) INTO suspect;
        END IF;

        IF suspect THEN
            head_position := NULL;
            RETURN;
        END IF;
    ELSE
        SELECT jsonb_object_agg(r.n,
                   CASE WHEN earlier.fingerprint IS NULL THEN jsonb_build_object('status', 'stale')
                   ELSE jsonb_build_object(
                       'status', CASE WHEN earlier.fingerprint = r.fingerprint THEN 'replayed' ELSE 'reused' END,
                       'decision_id', earlier.decision_id,
                       'first_position', earlier.first_position, 'last_position', earlier.last_position
                   ) END)
            INTO refused
            FROM unnest(r_decided_at, r_client, r_programme, r_key, r_fingerprint) WITH ORDINALITY
                AS r(decided_at, client, programme, key, fingerprint, n)
            LEFT JOIN LATERAL (
                SELECT * FROM ledger.idempotency i
                WHERE (i.client, i.programme, i.key) = (r.client, r.programme, r.key) OFFSET 0
            ) earlier ON true
            WHERE earlier.fingerprint IS NOT NULL OR r.decided_at < recorded - interval '5 seconds';

        -- Candidates are looked at against their events only here.
        SELECT jsonb_object_agg(hit.n, jsonb_build_object('status', 'conflict', 'position', hit.position)
                                ORDER BY hit.position DESC) INTO conflicts
            FROM (
                SELECT c.n, first.position
                FROM unnest(c_n, c_after, c_key, c_type, c_tags) AS c(n, after, key, type, tags)
                CROSS JOIN LATERAL (
                    SELECT b.position FROM ledger.boundary_index b
                    CROSS JOIN LATERAL (SELECT * FROM ledger.event e WHERE e.position = b.position OFFSET 0) e
                    WHERE b.key = c.key AND b.position > c.after
                      AND e.type = c.type AND e.tags @> string_to_array(c.tags, ' ')
                    ORDER BY b.key, b.position LIMIT 1
                ) first
                UNION ALL
                SELECT a.n, first.position
                FROM unnest(a_n, a_after, a_key, a_tags) AS a(n, after, key, tags)
                CROSS JOIN ledger.event_type t
                CROSS JOIN LATERAL (
                    SELECT b.position FROM ledger.boundary_index b
                    CROSS JOIN LATERAL (SELECT * FROM ledger.event e WHERE e.position = b.position OFFSET 0) e
                    WHERE b.key = a.key # t.key AND b.position > a.after AND e.tags @> string_to_array(a.tags, ' ')
                    ORDER BY b.key, b.position LIMIT 1
                ) first
                WHERE a.tags <> ''
                UNION ALL
                SELECT a.n, head_position FROM unnest(a_n, a_after, a_tags) AS a(n, after, tags)
                WHERE a.tags = '' AND a.after < head_position
            ) hit;
        -- What was refused before stays so: a replay may break its own condition.
        refused := coalesce(conflicts || refused, conflicts, refused);

        IF refused IS NOT NULL THEN
            SELECT array_agg(CASE WHEN r.stands THEN r.upto - r.size END ORDER BY r.n), coalesce(max(r.upto), 0)
                INTO r_before, appended
                FROM (
                    SELECT u.n, u.size, NOT refused ? u.n::text AS stands,
                           sum(u.size) FILTER (WHERE NOT refused ? u.n::text) OVER (ORDER BY u.n) AS upto
                    FROM unnest(r_size) WITH ORDINALITY AS u(size, n)
                ) r;
        END IF;
    END IF;

    IF t_type IS NOT NULL THEN
        INSERT INTO ledger.event_type (type, key)
            SELECT t.type, t.key FROM unnest(t_type, t_key) AS t(type, key) ON CONFLICT DO NOTHING;
    END IF;

    -- From here on `r_before` is null for a refused request. Arrays by subscript: unnested, each is copied first.
    WITH events AS (
        INSERT INTO ledger.event
            (position, event_id, programme, type, version, tags, recorded_at, salt, envelope, data, entry)
        SELECT at.position, e_id[e], e_programme[e], e_type[e], e_version[e], string_to_array(e_tags[e], ' '), recorded,
               e_salt[e], e_envelope[e], e_data[e],
               ledger.entry_v1(at.position, e_programme[e], e_type[e], e_version[e], recorded, e_commitment[e])
        FROM generate_subscripts(e_n, 1) AS e
        CROSS JOIN LATERAL (SELECT head_position + r_before[e_n[e]] + e_at[e]) AS at(position)
        WHERE r_before[e_n[e]] IS NOT NULL
    ), ids AS (
        INSERT INTO ledger.event_id (event_id, position)
        SELECT e_id[e], head_position + r_before[e_n[e]] + e_at[e] FROM generate_subscripts(e_n, 1) AS e
        WHERE r_before[e_n[e]] IS NOT NULL
    ), keyed AS (
        INSERT INTO ledger.boundary_index (key, position)
        SELECT i_key[i], head_position + r_before[i_n[i]] + i_at[i] FROM generate_subscripts(i_n, 1) AS i
        WHERE r_before[i_n[i]] IS NOT NULL
    ), kept AS (
        INSERT INTO ledger.idempotency
            (client, programme, key, fingerprint, decision_id, first_position, last_position)
        SELECT r_client[r], r_programme[r], r_key[r], r_fingerprint[r], r_decision_id[r],
               head_position + r_before[r] + 1, head_position + r_before[r] + r_size[r]
        FROM generate_subscripts(r_size, 1) AS r
        WHERE r_key[r] IS NOT NULL AND r_before[r] IS NOT NULL
    )
    UPDATE ledger.head SET position = head_position + appended, recorded_at = recorded WHERE appended > 0;
END $$;

REVOKE EXECUTE ON FUNCTION ledger.append_batch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append_batch TO sillok_service;
