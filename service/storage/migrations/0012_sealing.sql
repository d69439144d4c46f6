-- The Merkle tree over the ledger's entries, and what was signed of it.

CREATE SCHEMA seal;

-- Hashes of level `level` · 8 from `index` · 256 on (C2SP tlog-tiles); the last tile of a level grows at its end.
CREATE TABLE seal.tile (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hashes bytea STORAGE EXTERNAL NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, index)
);

-- A log is what checkpoints are of: after a lost tail the one before is closed, and another opened.
CREATE TABLE seal.log (
    log integer PRIMARY KEY,
    origin text NOT NULL UNIQUE,
    opened_at timestamptz NOT NULL DEFAULT now()
);

-- Verifier keys of a log, as they are handed out; a key that no longer signs stays.
CREATE TABLE seal.key (
    key text PRIMARY KEY,
    log integer NOT NULL REFERENCES seal.log,
    known_since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE seal.checkpoint (
    log integer NOT NULL REFERENCES seal.log,
    size bigint NOT NULL CHECK (size > 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size)
);

-- One row; whoever holds its lock seals. `size` and `root`: of the tree as it stands in tiles, signed or not.
-- `patrolled`: up to which tile of the lowest level rows were last compared with their leaves. `halted`: why nothing is
-- sealed any more.
CREATE TABLE seal.state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size bigint NOT NULL,
    root bytea NOT NULL CHECK (length(root) = 32),
    patrolled bigint NOT NULL DEFAULT 0,
    halted text,
    batches bigint NOT NULL DEFAULT 0,
    checkpoints bigint NOT NULL DEFAULT 0,
    halts bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);

INSERT INTO seal.state (size, root) VALUES (0, sha256(''));

CREATE FUNCTION seal.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.level, NEW.index) <> (OLD.level, OLD.index)
        OR substring(NEW.hashes FOR length(OLD.hashes)) <> OLD.hashes THEN
        RAISE EXCEPTION 'hashes are added to a tile, never changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_added_to BEFORE UPDATE ON seal.tile FOR EACH ROW EXECUTE FUNCTION seal.refuse_rewriting();

CREATE FUNCTION seal.refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size < OLD.size THEN
        RAISE EXCEPTION 'the tree never shrinks' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER never_shrinks BEFORE UPDATE ON seal.state FOR EACH ROW EXECUTE FUNCTION seal.refuse_shrinking();

CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON seal.tile EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON seal.state EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON seal.checkpoint EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON seal.key EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON seal.log EXECUTE FUNCTION ledger.refuse_change();

GRANT USAGE ON SCHEMA seal TO sillok_service;
GRANT SELECT ON ALL TABLES IN SCHEMA seal TO sillok_service;
GRANT INSERT, UPDATE ON seal.tile TO sillok_service;
GRANT UPDATE ON seal.state TO sillok_service;
GRANT INSERT ON seal.log, seal.key, seal.checkpoint TO sillok_service;
