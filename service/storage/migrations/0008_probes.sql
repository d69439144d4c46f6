-- Conditions are probed for the batch as a whole, and request by request only if one of them may have been broken.

DROP FUNCTION ledger.append_batch;

-- Appends a batch of requests, each wholly or not at all, in one transaction.
--
-- VOLATILE PL/pgSQL under READ COMMITTED: the first statement takes the head's lock, and only later statements, each
-- with a snapshot of its own, probe. One statement that did both would probe with the snapshot that it took before it
-- waited for the lock, and wrongly pass.
--
-- Parallel arrays, one element for
-- r_…: each request, in order: how many events it has and how many come before it, when it was decided, and its
--      idempotency key, null if it has none
-- k_…: each type that conditions name, by sets of types: the number of its set, the key of the type alone, and the first
--      position, of all conditions of the set, after which none may have been recorded
-- p_…: each tag that goes with a set: its key XOR that of the empty tag, so that XOR with the key of a type gives the key
--      to probe, and the first position after which that may not have been recorded
-- c_…: in place of k_ and p_, each key that a condition of request n is probed by, with the type that it stands for and
--      all the tags that an event must carry, joined by a space
-- a_…: each condition of request n that names no type; key: that of a tag. Without tags every event matches.
-- t_…: each type that the caller has not seen recorded yet, with its key
-- e_…: each event: the number of its request, which of its events it is, from 1; tags joined by a space; commitment: 32
--      bytes
-- i_…: each index row: the number of the request, which of its events, and a key of it
--
-- `head_position`: the head before the batch. `refused`: why, by number of the request, some were not recorded; the
-- others have the positions that follow the head, in order. If a key of k_ and p_ was recorded since, nothing is
-- recorded and the head is null: the caller calls again with c_.
CREATE FUNCTION ledger.append_batch(
    r_size integer[], r_before integer[], r_decided_at timestamptz[], r_decision_id uuid[], r_client text[],
    r_programme text[], r_key text[], r_fingerprint bytea[],
    k_set integer[], k_key bigint[], k_after bigint[], p_set integer[], p_tag bigint[], p_after bigint[],
    c_n integer[], c_after bigint[], c_key bigint[], c_type text[], c_tags text[],
    a_n integer[], a_after bigint[], a_key bigint[], a_tags text[],
    t_type text[], t_key bigint[],
    e_n integer[], e_at integer[], e_id uuid[], e_programme text[], e_type text[], e_version integer[], e_tags text[],
    e_salt bytea[], e_envelope bytea[], e_data bytea[], e_commitment bytea[],
    i_n integer[], i_at integer[], i_key bigint[],
    OUT head_position bigint, OUT refused jsonb
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- The plans are made once: planning takes longer than running them. The tables may be empty then, and any plan looks
-- cheap: leave index probes only.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_memoize = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    recorded timestamptz;
    suspect boolean;
    conflicts jsonb;
    last_request integer := cardinality(r_size);
    appended integer := r_before[last_request] + r_size[last_request];
BEGIN
    SELECT h.position, greatest(clock_timestamp(), h.recorded_at) INTO head_position, recorded
        FROM ledger.head h FOR UPDATE;

    SELECT jsonb_object_agg(r.n,
               CASE WHEN earlier.fingerprint IS NULL THEN jsonb_build_object('status', 'stale')
               ELSE jsonb_build_object(
                   'status', CASE WHEN earlier.fingerprint = r.fingerprint THEN 'replayed' ELSE 'reused' END,
                   'decision_id', earlier.decision_id,
                   'first_position', earlier.first_position, 'last_position', earlier.last_position
               ) END),
           EXISTS (
               SELECT FROM (
                   -- Most types are recorded rarely: what goes with them is not probed.
                   SELECT k.set, k.key FROM unnest(k_set, k_key, k_after) AS k(set, key, after)
                   CROSS JOIN LATERAL (
                       SELECT FROM ledger.boundary_index b
                       WHERE b.key = k.key AND b.position > k.after AND b.position <= head_position LIMIT 1
                   ) since
                   OFFSET 0
               ) k
               CROSS JOIN LATERAL (
                   SELECT p.tag, p.after FROM unnest(p_set, p_tag, p_after) AS p(set, tag, after)
                   WHERE p.set = k.set OFFSET 0
               ) p
               CROSS JOIN LATERAL (
                   SELECT FROM ledger.boundary_index b
                   WHERE b.key = k.key # p.tag AND b.position > p.after AND b.position <= head_position OFFSET 0
               ) candidate
           )
        INTO refused, suspect
        FROM unnest(r_decided_at, r_client, r_programme, r_key, r_fingerprint) WITH ORDINALITY
            AS r(decided_at, client, programme, key, fingerprint, n)
        LEFT JOIN LATERAL (
            SELECT * FROM ledger.idempotency i
            WHERE (i.client, i.programme, i.key) = (r.client, r.programme, r.key) OFFSET 0
        ) earlier ON true
        WHERE earlier.fingerprint IS NOT NULL OR r.decided_at < recorded - interval '5 seconds';

    IF suspect THEN
        head_position := NULL;
        refused := NULL;
        RETURN;
    END IF;

    -- Candidates are looked at against their events only here.
    IF cardinality(c_n) > 0 OR cardinality(a_n) > 0 THEN
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
    END IF;

    IF refused IS NOT NULL THEN
        SELECT array_agg(CASE WHEN r.stands THEN r.upto - r.size END ORDER BY r.n), coalesce(max(r.upto), 0)
            INTO r_before, appended
            FROM (
                SELECT u.n, u.size, NOT refused ? u.n::text AS stands,
                       sum(u.size) FILTER (WHERE NOT refused ? u.n::text) OVER (ORDER BY u.n) AS upto
                FROM unnest(r_size) WITH ORDINALITY AS u(size, n)
            ) r;
    END IF;

    IF cardinality(t_type) > 0 THEN
        INSERT INTO ledger.event_type (type, key)
            SELECT t.type, t.key FROM unnest(t_type, t_key) AS t(type, key) ON CONFLICT DO NOTHING;
    END IF;

    -- From here on `r_before` is null for a refused request.
    WITH events AS (
        INSERT INTO ledger.event
            (position, event_id, programme, type, version, tags, recorded_at, salt, envelope, data, entry)
        SELECT head_position + r_before[e.n] + e.at, e.event_id, e.programme, e.type, e.version,
               string_to_array(e.tags, ' '), recorded, e.salt, e.envelope, e.data,
               ledger.entry_v1(
                   head_position + r_before[e.n] + e.at, e.programme, e.type, e.version, recorded, e.commitment
               )
        FROM unnest(e_n, e_at, e_id, e_programme, e_type, e_version, e_tags, e_salt, e_envelope, e_data, e_commitment)
             AS e(n, at, event_id, programme, type, version, tags, salt, envelope, data, commitment)
        WHERE r_before[e.n] IS NOT NULL
    ), ids AS (
        INSERT INTO ledger.event_id (event_id, position)
        SELECT e.event_id, head_position + r_before[e.n] + e.at FROM unnest(e_n, e_at, e_id) AS e(n, at, event_id)
        WHERE r_before[e.n] IS NOT NULL
    ), keyed AS (
        INSERT INTO ledger.boundary_index (key, position)
        SELECT i.key, head_position + r_before[i.n] + i.at FROM unnest(i_n, i_at, i_key) AS i(n, at, key)
        WHERE r_before[i.n] IS NOT NULL
    ), kept AS (
        INSERT INTO ledger.idempotency
            (client, programme, key, fingerprint, decision_id, first_position, last_position)
        SELECT r.client, r.programme, r.key, r.fingerprint, r.decision_id,
               head_position + r_before[r.n] + 1, head_position + r_before[r.n] + r.size
        FROM unnest(r_size, r_client, r_programme, r_key, r_fingerprint, r_decision_id) WITH ORDINALITY
             AS r(size, client, programme, key, fingerprint, decision_id, n)
        WHERE r.key IS NOT NULL AND r_before[r.n] IS NOT NULL
    )
    UPDATE ledger.head SET position = head_position + appended, recorded_at = recorded WHERE appended > 0;
END $$;

REVOKE EXECUTE ON FUNCTION ledger.append_batch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append_batch TO sillok_service;
