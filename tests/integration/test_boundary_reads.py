"""Among a million events each decision reads the events of its boundary and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest

from domain import decision as deciding
from domain.boundary import Boundary, Query
from domain.event import encode_data
from domain.rulebook import DECISIONS, prepare
from service.application.facts import as_dcb
from service.storage.connections import service_conninfo
from service.storage.ledger import PostgresLedger, reading
from tests.bulk import load_scores
from tests.contract.test_ledger import new_event, request
from tests.contract.test_plans import PROBES, rows_read
from tests.domain.charters import PROGRAMME
from tests.domain.lives import LIVES
from tests.domain.test_stateful import lived

RECORDED = "granted"
"""The life that is in the ledger, under the million."""
SCORES = {(PROGRAMME, "heat"): 10_000, ("other", "heat"): 90_000, (PROGRAMME, "final"): 900_000}
"""By programme and stage; the life is lived in the heat, whose scores a few decisions do read."""
_TYPES = {
    "after": "bigint",
    "upto": "bigint",
    "limit": "bigint",
    "keys": "bigint[]",
    "tags": "bigint[]",
    "items": "jsonb",
}


def boundaries() -> Iterator[tuple[str, Query]]:
    """What each step of each life reads, by decision."""
    for life, steps in LIVES.items():
        for step in steps:
            decision = DECISIONS[step.decision]
            command = msgspec.convert(step.body, type=decision.command)
            prior = None if decision.prior is None else decision.prior(command, PROGRAMME)
            if prior is not None:
                for position, each in enumerate(lived(life), start=1):
                    deciding.fold((prior,), each.TYPE, each.tags(PROGRAMME), position, each)
            charter, facts = prepare(decision, command, PROGRAMME, prior)
            yield step.decision, deciding.boundary((charter, *facts))


def touched(plan: dict[str, Any]) -> dict[str, int]:
    """Rows that a plan took from the index and from the events, whether or not it kept them."""
    counted = {"boundary_index": 0, "event": 0}
    table = re.sub(r"_[0-9]+$", "", plan.get("Relation Name", ""))
    if table in counted:
        removed = sum(rows for name, rows in plan.items() if name.startswith("Rows Removed by"))
        counted[table] = round((plan["Actual Rows"] + removed) * plan["Actual Loops"])
    for part in plan.get("Plans", []):
        for name, rows in touched(part).items():
            counted[name] += rows
    return counted


def plan_of(connection: psycopg.Connection[Any], query: Query) -> dict[str, Any]:
    """What the kept plan of a read did."""
    _sql, parameters = reading(as_dcb(query))
    values = {"after": 0, "upto": 2**62, "limit": None, **parameters}
    arguments = ", ".join(f"%({name})s::{type_}" for name, type_ in _TYPES.items())
    row = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE reading({arguments})", values).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


@pytest.mark.timeout(240)
def test_each_decision_reads_its_boundary_and_nothing_else(database: str) -> None:
    ledger = PostgresLedger(database, pool_size=1)
    ledger.append(
        request(
            *(
                msgspec.structs.replace(
                    new_event(each.TYPE, *each.tags(PROGRAMME), programme=PROGRAMME), data=encode_data(each)
                )
                for each in lived(RECORDED)
            )
        )
    )
    for (programme, stage), count in SCORES.items():
        load_scores(database, count, programme=programme, stage=stage)
    assert ledger.head() >= 1_000_000

    queries: dict[Query, str] = {}
    for decision, query in boundaries():
        queries.setdefault(query, decision)
    assert {*queries.values()} >= {"submit-score", "close-scoring", "grant-resource", "approve"}
    sql, _parameters = reading(as_dcb(next(iter(queries))))
    for number, name in enumerate(_TYPES, start=1):
        sql = sql.replace(f"%({name})s", f"${number}")
    with psycopg.connect(
        service_conninfo(database), autocommit=True, cursor_factory=psycopg.ClientCursor
    ) as connection:
        connection.execute(f"PREPARE reading({', '.join(_TYPES.values())}) AS {sql}")
        large = 0
        for query, decision in queries.items():
            assert all(len(item.tags) == 1 for item in query.items), f"{decision} looks at both tags"
            events, rows = ledger.read(as_dcb(query)).events, touched(plan_of(connection, query))
            assert ledger.probe(query).positions == [each.position for each in events], decision
            found = len(events)
            assert rows["event"] == found, decision
            assert rows["boundary_index"] <= found * len(query.items), decision
            large += found >= SCORES[PROGRAMME, "heat"]
    assert 0 < large < len(queries) / 2, "some settle the stage by its scores, most do not look at them"

    ledger.close()  # a connection that ends has told the server all that it read
    ledger = PostgresLedger(database, pool_size=1)
    before = rows_read(database)
    for query in queries:
        ledger.append(request(new_event("Unrelated"), condition=Boundary(query, ledger.head())))
    assert (rows_read(database) - before) / len(queries) < PROBES
    ledger.close()
