-- Reactions: up to where a programme was looked at for what follows by itself, and when to look again.

CREATE SCHEMA reaction;

-- One row a programme; whoever holds its lock decides. `due_at`: the next instant at which something is due that no
-- event brings about. `held`: what would follow by now and is refused, with why.
CREATE TABLE reaction.progress (
    programme text PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    due_at timestamptz,
    held jsonb NOT NULL DEFAULT '[]',
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);

GRANT USAGE ON SCHEMA reaction TO sillok_service;
GRANT SELECT, INSERT, UPDATE ON reaction.progress TO sillok_service;
