-- People: who they are elsewhere, for whom they act, and how they are signed in.

-- `name` stands here and nowhere else: the ledger knows people by `person_id` alone.
CREATE TABLE access.person (
    person_id text PRIMARY KEY,
    name text,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- Whoever returns is the same person: a membership that was withdrawn is granted again.
CREATE TABLE access.membership (
    person_id text NOT NULL REFERENCES access.person,
    role access.role NOT NULL,
    subject text NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    PRIMARY KEY (person_id, role, subject)
);

-- An account at an issuer stands for one person or client for ever: nobody becomes a second one by being revoked.
CREATE TABLE access.external_identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    person_id text REFERENCES access.person,
    client_id text UNIQUE REFERENCES access.client,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject),
    CHECK (num_nonnulls(person_id, client_id) = 1)
);
CREATE INDEX external_identity_person_id ON access.external_identity (person_id);

-- Of the secret in the cookie only the SHA-256.
CREATE TABLE access.session (
    session_id text PRIMARY KEY,
    secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    person_id text NOT NULL REFERENCES access.person,
    signed_in_by text NOT NULL CHECK (signed_in_by IN ('issuer', 'link')),
    started_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX session_person_id ON access.session (person_id);

CREATE TABLE access.sign_in_link (
    secret_hash bytea PRIMARY KEY CHECK (length(secret_hash) = 32),
    person_id text NOT NULL REFERENCES access.person,
    ends_at timestamptz NOT NULL,
    used_at timestamptz
);

GRANT SELECT, INSERT, UPDATE ON access.person, access.membership, access.session, access.sign_in_link TO sillok_service;
GRANT SELECT, INSERT ON access.external_identity TO sillok_service;
GRANT DELETE ON access.session, access.sign_in_link TO sillok_service;
