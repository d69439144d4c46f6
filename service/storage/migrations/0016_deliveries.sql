-- Deliveries: what goes to channels beside the inbox, to which endpoints, and what each of them answered.

-- `sealed`: address and secrets, under a key that is kept apart; none once it was removed. `data_set`: of its programme.
-- `due_at`: when there is something to do for it, which is one worker's at a time: whose `claim` it is, until then.
-- `failing_since`: since when nothing was delivered. `because`: why it is disabled.
CREATE TABLE notice.endpoint (
    endpoint text PRIMARY KEY,
    programme text NOT NULL,
    team text NOT NULL,
    data_set text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'webhook')),
    language text NOT NULL CHECK (language IN ('en', 'ko')),
    sealed bytea,
    state text NOT NULL DEFAULT 'unconfirmed'
        CHECK (state IN ('unconfirmed', 'active', 'paused', 'disabled', 'removed')),
    because text,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at timestamptz,
    failing_since timestamptz,
    due_at timestamptz,
    claim bigint NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    CHECK ((state = 'removed') = (sealed IS NULL))
) WITH (fillfactor = 50);
CREATE INDEX endpoint_of_team ON notice.endpoint (programme, team);
CREATE INDEX endpoint_due ON notice.endpoint (due_at) WHERE due_at IS NOT NULL;

-- `number`: of the notice in the outbox; none for a test. `next_attempt_at`: not before then.
-- `answer`: what came of the last attempt. `settled_at`: when it was delivered, or given up.
CREATE TABLE notice.delivery (
    delivery bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint text NOT NULL REFERENCES notice.endpoint,
    number bigint REFERENCES notice.outbox (number),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    answer text,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    UNIQUE (number, endpoint)
);
CREATE INDEX delivery_waiting ON notice.delivery (endpoint, number NULLS FIRST, delivery) WHERE state = 'pending';
CREATE INDEX delivery_of_endpoint ON notice.delivery (endpoint, delivery);

-- Evidence: what was tried when, and with which answer.
CREATE TABLE notice.attempt (
    delivery bigint NOT NULL REFERENCES notice.delivery,
    attempt bigint GENERATED ALWAYS AS IDENTITY,
    attempted_at timestamptz NOT NULL,
    delivered boolean NOT NULL,
    answer text NOT NULL,
    PRIMARY KEY (delivery, attempt)
);

CREATE FUNCTION notice.refuse_taking_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'delivered'
        OR (NEW.delivery, NEW.endpoint, NEW.number, NEW.queued_at)
        IS DISTINCT FROM (OLD.delivery, OLD.endpoint, OLD.number, OLD.queued_at) THEN
        RAISE EXCEPTION 'what was delivered stays so' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER never_taken_back BEFORE UPDATE ON notice.delivery FOR EACH ROW EXECUTE FUNCTION notice.refuse_taking_back();
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON notice.delivery EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON notice.attempt EXECUTE FUNCTION ledger.refuse_change();

GRANT SELECT, INSERT, UPDATE ON notice.endpoint, notice.delivery TO sillok_service;
GRANT SELECT, INSERT ON notice.attempt TO sillok_service;
