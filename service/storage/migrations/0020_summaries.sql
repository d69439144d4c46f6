-- Summaries: a mailbox may have one mail a day, of what came into the inbox, instead of one for each notice.

-- `summarised`: up to which number of the outbox summaries went. `summary_at`: when the next one is due.
ALTER TABLE notice.endpoint
    ADD COLUMN daily boolean NOT NULL DEFAULT false CHECK (channel = 'email' OR NOT daily),
    ADD COLUMN summarised bigint NOT NULL DEFAULT 0,
    ADD COLUMN summary_at timestamptz NOT NULL DEFAULT 'epoch';
CREATE INDEX endpoint_to_summarise ON notice.endpoint (summary_at) WHERE daily AND state = 'active';

-- A summary of the notices after number `past`, up to `upto`. `day`: on which it was due, by the charter's clocks.
ALTER TABLE notice.delivery
    ADD COLUMN day date,
    ADD COLUMN past bigint,
    ADD COLUMN upto bigint,
    ADD CHECK (day IS NULL OR number IS NULL AND past IS NOT NULL AND upto IS NOT NULL);
CREATE UNIQUE INDEX delivery_of_day ON notice.delivery (endpoint, day) WHERE day IS NOT NULL;

CREATE OR REPLACE FUNCTION notice.refuse_taking_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'delivered'
        OR (NEW.delivery, NEW.endpoint, NEW.number, NEW.about, NEW.day, NEW.past, NEW.upto, NEW.queued_at)
        IS DISTINCT FROM
        (OLD.delivery, OLD.endpoint, OLD.number, OLD.about, OLD.day, OLD.past, OLD.upto, OLD.queued_at) THEN
        RAISE EXCEPTION 'what was delivered stays so' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
