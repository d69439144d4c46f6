"""A large ledger at once: scores written by one statement as the database's owner, past the append function."""

from __future__ import annotations

from typing import Any, Final

import psycopg

TEAMS: Final = 100
CRITERIA: Final = 20

_SCORES: Final = """
    WITH score AS (
        SELECT h.position + n AS position, 'team-' || n %% %(teams)s AS team,
               'part/item-' || n / %(teams)s %% %(criteria)s AS criterion,
               'ev-' || to_hex(n / (%(teams)s * %(criteria)s)) AS evaluator
        FROM ledger.head h, generate_series(1, %(count)s) n
    )
    INSERT INTO ledger.event
        (position, event_id, programme, type, version, tags, recorded_at, salt, envelope, data, entry)
    SELECT position, lpad(to_hex(position), 32, '0')::uuid, %(programme)s, 'ScoreSubmitted', 2,
           ARRAY[
               format('stage:%%s/%%s', %(programme)s, %(stage)s),
               format('team:%%s/%%s', %(programme)s, team),
               format('sheet:%%s/%%s/%%s/%%s/%%s', %(programme)s, %(stage)s, team, criterion, evaluator)
           ],
           now(), decode(md5(position::text), 'hex'), %(envelope)s,
           format('{"stage":"%%s","team":"%%s","criterion":"%%s","evaluator":"%%s","points":"%%s",'
                  '"item":null,"deciders":[]}',
                  %(stage)s, team, criterion, evaluator, position %% 11)::bytea,
           sha256(position::text::bytea)
    FROM score"""

_KEYS: Final = """
    INSERT INTO ledger.boundary_index (key, position)
    SELECT pg_temp.h('ScoreSubmitted') # pg_temp.h(tag), position
    FROM ledger.event CROSS JOIN unnest(tags || ''::text) AS tag
    WHERE position > %(head)s"""

_H: Final = """
    CREATE OR REPLACE FUNCTION pg_temp.h(named text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
        SELECT substring(sha256(named::bytea) FOR 8)::bigint
    $$"""


def load_scores(database: str, count: int, *, programme: str, stage: str, envelope: bytes = b"{}") -> None:
    """Record so many scores of a stage after the head, each of its own team, criterion and evaluator."""
    values: dict[str, Any] = {"count": count, "programme": programme, "stage": stage, "envelope": envelope}
    with psycopg.connect(database, cursor_factory=psycopg.ClientCursor) as connection:
        (head,) = connection.execute("SELECT position FROM ledger.head").fetchone() or (0,)
        connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        connection.execute(_H)
        connection.execute(_SCORES, {**values, "teams": TEAMS, "criteria": CRITERIA})
        # An index is made faster than it is added to.
        connection.execute("ALTER TABLE ledger.boundary_index DROP CONSTRAINT boundary_index_pkey")
        connection.execute(_KEYS, {"head": head})
        connection.execute("ALTER TABLE ledger.boundary_index ADD PRIMARY KEY (key, position)")
        connection.execute(
            "INSERT INTO ledger.event_type SELECT each, pg_temp.h(each) FROM (VALUES ('ScoreSubmitted')) type(each)"
            " ON CONFLICT DO NOTHING"
        )
        connection.execute("UPDATE ledger.head SET position = position + %s, recorded_at = now()", (count,))
