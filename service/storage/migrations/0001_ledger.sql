-- The ledger ❄. Append-only: the service's role may only call ledger.append_batch; triggers refuse everybody else.

CREATE SCHEMA ledger;

-- One row: the last position and when it was committed. Its lock is what makes positions dense and in commit order.
CREATE TABLE ledger.head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL
) WITH (fillfactor = 10);

INSERT INTO ledger.head (position, recorded_at) VALUES (0, '-infinity');

CREATE TABLE ledger.event (
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    programme text NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    tags text[] NOT NULL,
    recorded_at timestamptz NOT NULL,
    salt bytea NOT NULL CHECK (length(salt) = 16),
    envelope bytea NOT NULL,
    data bytea NOT NULL,
    entry bytea NOT NULL,
    PRIMARY KEY (position)
) PARTITION BY RANGE (position);

CREATE INDEX event_programme ON ledger.event (programme, position);

-- Beside the events: which positions a query has to look at. The key is 64 bits of a hash; a hit alone decides nothing.
CREATE TABLE ledger.boundary_index (
    key bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (key, position)
) PARTITION BY RANGE (position);

-- Unique across partitions, which an index on a partitioned table cannot be.
CREATE TABLE ledger.event_id (
    event_id uuid PRIMARY KEY,
    position bigint NOT NULL
);

CREATE TABLE ledger.idempotency (
    client text NOT NULL,
    programme text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    decision_id uuid NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    PRIMARY KEY (client, programme, key)
);

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION ledger.refuse_going_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position <= OLD.position OR NEW.recorded_at < OLD.recorded_at THEN
        RAISE EXCEPTION 'the head of the ledger never goes back' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER head_goes_forward BEFORE UPDATE ON ledger.head
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_going_back();

-- Row triggers of a partitioned table reach its partitions; TRUNCATE triggers do not, so each partition has its own.
CREATE FUNCTION ledger.protect(table_name regclass, partitioned boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', table_name);
    IF NOT partitioned THEN
        EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON %s
                        FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()', table_name);
    END IF;
END $$;

SELECT ledger.protect('ledger.event', false);
SELECT ledger.protect('ledger.boundary_index', false);
SELECT ledger.protect('ledger.event_id', false);
SELECT ledger.protect('ledger.idempotency', false);
CREATE TRIGGER no_delete BEFORE DELETE ON ledger.head FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.head FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- Makes partitions so that at least `ahead` of them lie beyond the head; returns how many it made. A new partition is
-- attached, not created in place, because attaching does not lock out appends.
CREATE FUNCTION ledger.ensure_partitions(ahead integer, size bigint DEFAULT 10000000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made integer := 0;
    number bigint;
    parent text;
    child text;
BEGIN
    PERFORM pg_advisory_xact_lock(7310051);
    FOR number IN
        SELECT generate_series(position / size, position / size + ahead) FROM ledger.head
    LOOP
        FOREACH parent IN ARRAY ARRAY['event', 'boundary_index'] LOOP
            child := format('%s_%s', parent, number);
            CONTINUE WHEN to_regclass('ledger.' || child) IS NOT NULL;
            EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.%I INCLUDING ALL)', child, parent);
            EXECUTE format('ALTER TABLE ledger.%I ATTACH PARTITION ledger.%I FOR VALUES FROM (%s) TO (%s)',
                           parent, child, number * size, (number + 1) * size);
            PERFORM ledger.protect(to_regclass('ledger.' || child), true);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

SELECT ledger.ensure_partitions(2);

-- The entry ❄, version 1: the bytes that the Merkle tree commits to. The same as domain.entry.encode_entry.
CREATE FUNCTION ledger.entry_v1(
    at_position bigint, programme text, type text, version integer, recorded_at timestamptz, commitment bytea
) RETURNS bytea LANGUAGE sql STABLE AS $$ -- not IMMUTABLE: then it could not be inlined
    SELECT '\x01'::bytea
        || int8send(at_position)
        || int4send(octet_length(programme)) || convert_to(programme, 'UTF8')
        || int4send(octet_length(type)) || convert_to(type, 'UTF8')
        || int4send(version)
        || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)
        || commitment
$$;

-- Appends a batch of requests, each wholly or not at all, in one transaction.
--
-- VOLATILE PL/pgSQL under READ COMMITTED: the first statement takes the head's lock, and only later statements, each
-- with a snapshot of its own, probe. One statement that did both would probe with the snapshot that it took before it
-- waited for the lock, and wrongly pass.
--
-- requests:   [{n, empty_after, decided_at, client, programme, key, fingerprint, decision_id}], n = 1, 2, 3 …;
--             empty_after: the position of an empty query, which matches every event
-- conditions: [{n, after, keys, types, tags}]: an item of the query of request n, with the keys that it is probed by
-- e_…:        the events in order of n, as parallel arrays; tags joined by a space; commitment: 32 bytes
-- i_…:        index rows: the number of an event (from 1) and a key of it
--
-- Returns the head before the batch and the requests that were not recorded; the others have the positions that follow
-- the head, in order.
CREATE FUNCTION ledger.append_batch(
    requests jsonb,
    conditions jsonb,
    e_n integer[], e_id uuid[], e_programme text[], e_type text[], e_version integer[], e_tags text[],
    e_salt bytea[], e_envelope bytea[], e_data bytea[], e_commitment bytea[],
    i_event integer[], i_key bigint[]
) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- The plans are made once, when the tables may still be empty, and then any plan looks cheap: leave index probes only.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_memoize = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    head_position bigint;
    recorded timestamptz;
    refused jsonb := '{}';
    verdict text[] := '{}';
    found record;
    position_of bigint[];
    appended bigint;
BEGIN
    SELECT h.position, greatest(clock_timestamp(), h.recorded_at) INTO head_position, recorded
        FROM ledger.head h FOR UPDATE;

    FOR found IN
        SELECT r.n, i.decision_id, i.first_position, i.last_position,
               CASE WHEN encode(i.fingerprint, 'hex') = r.fingerprint THEN 'replayed' ELSE 'reused' END AS status
        FROM jsonb_to_recordset(requests)
             AS r(n integer, client text, programme text, key text, fingerprint text)
        JOIN ledger.idempotency i ON (i.client, i.programme, i.key) = (r.client, r.programme, r.key)
    LOOP
        verdict[found.n] := found.status;
        refused := refused || jsonb_build_object(found.n, to_jsonb(found));
    END LOOP;

    FOR found IN
        SELECT r.n, 'stale' AS status
        FROM jsonb_to_recordset(requests) AS r(n integer, decided_at timestamptz)
        WHERE r.decided_at < recorded - interval '5 seconds' AND verdict[r.n] IS NULL
    LOOP
        verdict[found.n] := found.status;
        refused := refused || jsonb_build_object(found.n, to_jsonb(found));
    END LOOP;

    FOR found IN
        SELECT hit.n, 'conflict' AS status, min(hit.position) AS position
        FROM (
            SELECT c.n, candidate.position
            FROM jsonb_to_recordset(conditions)
                 AS c(n integer, after bigint, keys bigint[], types text[], tags text[])
            CROSS JOIN LATERAL unnest(c.keys) AS probe(key)
            CROSS JOIN LATERAL (
                SELECT b.position FROM ledger.boundary_index b
                WHERE b.key = probe.key AND b.position > c.after
                ORDER BY b.key, b.position OFFSET 0
            ) candidate
            CROSS JOIN LATERAL (
                SELECT FROM ledger.event e
                WHERE e.position = candidate.position
                  AND (cardinality(c.types) = 0 OR e.type = ANY (c.types)) AND e.tags @> c.tags
                OFFSET 0
            ) matching
            UNION ALL
            SELECT r.n, head_position
            FROM jsonb_to_recordset(requests) AS r(n integer, empty_after bigint)
            WHERE r.empty_after < head_position
        ) hit
        WHERE verdict[hit.n] IS NULL
        GROUP BY hit.n
    LOOP
        verdict[found.n] := found.status;
        refused := refused || jsonb_build_object(found.n, to_jsonb(found));
    END LOOP;

    IF EXISTS (
        SELECT FROM unnest(e_programme, e_tags) AS e(programme, tags),
                    unnest(string_to_array(e.tags, ' ')) AS each(tag)
        WHERE NOT starts_with(split_part(each.tag, ':', 2) || '/', e.programme || '/')
    ) THEN
        RAISE EXCEPTION 'a tag is not scoped to the programme of its event' USING ERRCODE = 'check_violation';
    END IF;

    -- By number of the event: its position, or null if its request is not recorded.
    SELECT array_agg(
               CASE WHEN verdict[e.n] IS NULL THEN head_position + e.before END ORDER BY e.number
           ), max(e.before)
        INTO position_of, appended
        FROM (
            SELECT u.n, u.number, count(*) FILTER (WHERE verdict[u.n] IS NULL) OVER (ORDER BY u.number) AS before
            FROM unnest(e_n) WITH ORDINALITY AS u(n, number)
        ) e;

    WITH fresh AS MATERIALIZED (
        SELECT e.*, position_of[e.number] AS position
        FROM unnest(e_n, e_id, e_programme, e_type, e_version, e_tags, e_salt, e_envelope, e_data, e_commitment)
             WITH ORDINALITY
             AS e(n, event_id, programme, type, version, tags, salt, envelope, data, commitment, number)
        WHERE position_of[e.number] IS NOT NULL
    ), events AS (
        INSERT INTO ledger.event
            (position, event_id, programme, type, version, tags, recorded_at, salt, envelope, data, entry)
        SELECT f.position, f.event_id, f.programme, f.type, f.version, string_to_array(f.tags, ' '), recorded,
               f.salt, f.envelope, f.data,
               ledger.entry_v1(f.position, f.programme, f.type, f.version, recorded, f.commitment)
        FROM fresh f ORDER BY f.position
    ), ids AS (
        INSERT INTO ledger.event_id (event_id, position) SELECT f.event_id, f.position FROM fresh f
    ), keyed AS (
        INSERT INTO ledger.boundary_index (key, position)
        SELECT i.key, position_of[i.event] FROM unnest(i_event, i_key) AS i(event, key)
        WHERE position_of[i.event] IS NOT NULL
        ON CONFLICT DO NOTHING
    ), kept AS (
        INSERT INTO ledger.idempotency
            (client, programme, key, fingerprint, decision_id, first_position, last_position)
        SELECT r.client, r.programme, r.key, decode(r.fingerprint, 'hex'), r.decision_id, span.low, span.high
        FROM jsonb_to_recordset(requests)
             AS r(n integer, client text, programme text, key text, fingerprint text, decision_id uuid)
        JOIN (SELECT f.n, min(f.position) AS low, max(f.position) AS high FROM fresh f GROUP BY f.n) span
            ON span.n = r.n
        WHERE r.key IS NOT NULL
    )
    UPDATE ledger.head SET position = head_position + appended, recorded_at = recorded WHERE appended > 0;

    RETURN jsonb_build_object('head', head_position, 'refused', refused);
END $$;

DO $$
BEGIN
    CREATE ROLE sillok_service NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- roles belong to the whole server: another database's migration made it
END $$;
GRANT sillok_service TO current_user;
GRANT USAGE ON SCHEMA ledger TO sillok_service;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO sillok_service;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append_batch, ledger.ensure_partitions TO sillok_service;
