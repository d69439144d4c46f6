-- What witnesses made of checkpoints (C2SP tlog-witness).

-- `witness`: its verifier key; `line`: as it is handed out under the checkpoint.
CREATE TABLE seal.cosignature (
    log integer NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    cosigned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size, witness),
    FOREIGN KEY (log, size) REFERENCES seal.checkpoint
);
CREATE INDEX cosignature_of_witness ON seal.cosignature (witness, log, size);

-- Checkpoints whose cosignatures meet a policy, by what it comes to (a digest).
CREATE TABLE seal.witnessed (
    policy text NOT NULL,
    log integer NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (policy, log, size),
    FOREIGN KEY (log, size) REFERENCES seal.checkpoint
);

-- How asking goes. `failures`: there was no answer, or none of use. `contradictions`: its answer contradicts the log, or
-- what it answered before. `fault`: what was wrong last, until it cosigns again.
CREATE TABLE seal.witness (
    witness text PRIMARY KEY,
    failures bigint NOT NULL DEFAULT 0,
    contradictions bigint NOT NULL DEFAULT 0,
    fault text
);

CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON seal.cosignature
    EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON seal.witnessed
    EXECUTE FUNCTION ledger.refuse_change();

GRANT SELECT, INSERT ON seal.cosignature, seal.witnessed, seal.witness TO sillok_service;
GRANT UPDATE ON seal.witness TO sillok_service;
