-- A view is kept in builds: one is live, another may be folded beside it from position 1, the one before it is kept.
-- What was folded before is folded anew by the workers.
DROP TABLE views.row;
DROP TABLE views.progress;

CREATE TABLE views.build (
    build bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view text NOT NULL,
    version integer NOT NULL,
    partition text NOT NULL,
    -- `changing` lasts only while two of them change places within one transaction.
    state text NOT NULL CHECK (state IN ('live', 'building', 'kept', 'changing')),
    -- Of one that is being folded: what is to be done once it stands where the live one does.
    purpose text CHECK (purpose IN ('verify', 'swap', 'replace')),
    position bigint NOT NULL DEFAULT 0,
    stale text,
    batches bigint NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    halts bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (view, version, partition, state),
    CHECK ((state = 'building') = (purpose IS NOT NULL))
);

-- `epoch`: in which 1,024 positions the row was last written.
CREATE TABLE views.row (
    build bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (build, key)
);

-- What a row was before it was first written in a later epoch. Views that do not remember write every row in epoch 0.
CREATE TABLE views.past (
    build bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (build, key, epoch)
);

CREATE FUNCTION views.remember() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO views.past (build, key, epoch, value) VALUES (OLD.build, OLD.key, OLD.epoch, OLD.value);
    RETURN NEW;
END $$;
CREATE TRIGGER remember BEFORE UPDATE ON views.row
    FOR EACH ROW WHEN (OLD.epoch < NEW.epoch) EXECUTE FUNCTION views.remember();

-- No build of the view is advanced; `*` stands for every partition.
CREATE TABLE views.pause (
    view text NOT NULL,
    partition text NOT NULL,
    paused_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, partition)
);

-- What came of folding a view anew and comparing it with the live one, both at `position`.
CREATE TABLE views.certificate (
    certificate bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view text NOT NULL,
    version integer NOT NULL,
    partition text NOT NULL,
    build bigint NOT NULL,
    purpose text NOT NULL,
    position bigint NOT NULL,
    live_digest text NOT NULL,
    digest text NOT NULL,
    differing text[] NOT NULL,
    swapped boolean NOT NULL,
    certified_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA views TO sillok_service;
