-- Service on record: which notices are to be served by themselves, by which evidence, and which were.

-- `service`: by which evidence (domain.notices); none of what is not served on record. `held`: why it was refused when
-- it was due; it is tried again after `serve_after`.
ALTER TABLE notice.outbox
    ADD COLUMN service text CHECK (service IN ('inbox', 'delivered', 'opened')),
    ADD COLUMN served boolean NOT NULL DEFAULT false,
    ADD COLUMN held text,
    ADD COLUMN serve_after timestamptz;
CREATE INDEX outbox_unserved ON notice.outbox (programme, number) WHERE service IS NOT NULL AND NOT served;

CREATE OR REPLACE FUNCTION notice.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.opened_at IS NOT NULL AND NEW.opened_at IS DISTINCT FROM OLD.opened_at)
        OR (OLD.served AND NOT NEW.served)
        OR (NEW.number, NEW.programme, NEW.position, NEW.recipient, NEW.template, NEW.notice, NEW.content, NEW.sha256,
            NEW.delivered_at, NEW.service)
        IS DISTINCT FROM (OLD.number, OLD.programme, OLD.position, OLD.recipient, OLD.template, OLD.notice, OLD.content,
            OLD.sha256, OLD.delivered_at, OLD.service) THEN
        RAISE EXCEPTION 'a notice is opened once, and never changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
