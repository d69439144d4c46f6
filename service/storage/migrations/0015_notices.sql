-- Notices: what consortiums were told, and up to where events were looked at. No view, and no rebuild, writes here.

CREATE SCHEMA notice;

-- One row a programme; whoever holds its lock writes notices. `halted`: why none follow any more.
CREATE TABLE notice.progress (
    programme text PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    halted text,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);

-- `content`: the whole notice, as it was rendered. `delivered_at`: when it came into its recipient's inbox.
-- `opened_at`: when the recipient first asked for it.
CREATE TABLE notice.outbox (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    programme text NOT NULL,
    position bigint NOT NULL,
    recipient text NOT NULL,
    template text NOT NULL,
    notice text NOT NULL,
    content bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (sha256 = sha256(content)),
    delivered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    opened_at timestamptz,
    PRIMARY KEY (position, recipient, template),
    UNIQUE (programme, notice)
);
CREATE INDEX outbox_of_recipient ON notice.outbox (programme, recipient, number);
CREATE INDEX outbox_of_programme ON notice.outbox (programme, number);

CREATE FUNCTION notice.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.opened_at IS NOT NULL
        OR (NEW.number, NEW.programme, NEW.position, NEW.recipient, NEW.template, NEW.notice, NEW.content, NEW.sha256,
            NEW.delivered_at)
        IS DISTINCT FROM (OLD.number, OLD.programme, OLD.position, OLD.recipient, OLD.template, OLD.notice, OLD.content,
            OLD.sha256, OLD.delivered_at) THEN
        RAISE EXCEPTION 'a notice is opened once, and never changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_opened BEFORE UPDATE ON notice.outbox FOR EACH ROW EXECUTE FUNCTION notice.refuse_rewriting();
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON notice.outbox EXECUTE FUNCTION ledger.refuse_change();

CREATE FUNCTION notice.refuse_going_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position < OLD.position THEN
        RAISE EXCEPTION 'events are looked at once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER never_back BEFORE UPDATE ON notice.progress FOR EACH ROW EXECUTE FUNCTION notice.refuse_going_back();
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON notice.progress EXECUTE FUNCTION ledger.refuse_change();

GRANT USAGE ON SCHEMA notice TO sillok_service;
GRANT SELECT, INSERT, UPDATE ON notice.progress, notice.outbox TO sillok_service;
