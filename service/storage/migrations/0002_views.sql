-- What projections keep: rows and the position up to which they are folded, changed in one transaction.

CREATE SCHEMA views;

CREATE TABLE views.progress (
    projection text NOT NULL,
    partition text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    stale text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, partition)
);

CREATE TABLE views.row (
    projection text NOT NULL,
    partition text NOT NULL,
    key text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (projection, partition, key)
);

GRANT USAGE ON SCHEMA views TO sillok_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA views TO sillok_service;
