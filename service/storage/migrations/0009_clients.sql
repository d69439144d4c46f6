-- Clients that sign for themselves, keys that expire, and what administrators did.

CREATE DOMAIN access.role AS text
    CHECK (VALUE IN ('agency', 'consortium', 'evaluator', 'auditor', 'operator'));

ALTER TABLE access.api_key DROP CONSTRAINT api_key_role_check;
ALTER TABLE access.api_key ALTER COLUMN role TYPE access.role;
-- Null: of the one pepper that there was before peppers had ids.
ALTER TABLE access.api_key ADD COLUMN pepper_id text;
ALTER TABLE access.api_key ADD COLUMN expires_at timestamptz;
ALTER TABLE access.api_key ADD COLUMN last_used_at timestamptz;

CREATE TABLE access.client (
    client_id text PRIMARY KEY,
    role access.role NOT NULL,
    subject text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);

-- Public keys only: the private ones never leave their owner.
CREATE TABLE access.client_key (
    client_id text NOT NULL REFERENCES access.client,
    kid text NOT NULL,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    added_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    PRIMARY KEY (client_id, kid)
);

-- Assertions that were used, until they expire: each is good for one token.
CREATE TABLE access.used_assertion (
    client_id text NOT NULL REFERENCES access.client,
    jti text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti)
);
CREATE INDEX used_assertion_expires_at ON access.used_assertion (expires_at);

CREATE TABLE access.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    operator text NOT NULL,
    act text NOT NULL,
    object text NOT NULL
);

REVOKE DELETE ON access.api_key FROM sillok_service;
GRANT SELECT, INSERT, UPDATE ON access.client, access.client_key TO sillok_service;
GRANT SELECT, INSERT, DELETE ON access.used_assertion TO sillok_service;
GRANT SELECT, INSERT ON access.audit TO sillok_service;
