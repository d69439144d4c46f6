-- Keys of clients: never the secret itself, only its keyed hash.

CREATE SCHEMA access;

CREATE TABLE access.api_key (
    key_id text PRIMARY KEY,
    secret_hash bytea NOT NULL,
    role text NOT NULL CHECK (role IN ('agency', 'consortium', 'auditor')),
    agency text CHECK ((agency IS NOT NULL) = (role = 'agency')),
    subject text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

GRANT USAGE ON SCHEMA access TO sillok_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA access TO sillok_service;
