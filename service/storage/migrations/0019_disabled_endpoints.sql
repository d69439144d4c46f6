-- Whoever has another endpoint is told there of one that was disabled. `about`: which; such a delivery is of no notice.
ALTER TABLE notice.delivery ADD COLUMN about text REFERENCES notice.endpoint;
