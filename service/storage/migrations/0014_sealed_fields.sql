-- Personal data, each field encrypted under a key of its person's own; the keys are in a store apart from the database.

-- `name`, in clear, is of earlier releases: it is sealed when this one starts, and written no more.
ALTER TABLE access.person ADD COLUMN sealed_name bytea;

-- What the ledger holds a commitment to, or will. `sealed`: nonce and AES-256-GCM of salt and text.
CREATE TABLE access.sealed_field (
    programme text NOT NULL,
    subject text NOT NULL,
    field text NOT NULL,
    commitment text NOT NULL,
    sealed bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (programme, subject, commitment)
);

-- Accounts at issuers by a keyed mark: what somebody is called there is as little in clear as their name.
-- `mark`: HMAC-SHA256 over issuer and account, by a key beside those of persons. Of a person, `subject` is the mark, too, and
-- `sealed` the account, encrypted under the person's key; of a client, which is no person, `subject` is in clear.
ALTER TABLE access.external_identity ADD COLUMN mark text UNIQUE;
ALTER TABLE access.external_identity ADD COLUMN sealed bytea;

GRANT SELECT, INSERT, DELETE ON access.sealed_field TO sillok_service;
GRANT UPDATE, DELETE ON access.external_identity TO sillok_service;
