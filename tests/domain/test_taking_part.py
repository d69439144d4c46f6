"""Who took part in what an objection is about decides it not: every decision that takes part is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.event import EVENTS, Event, decode_data
from domain.objections import TookPartError
from domain.taking_part import PARTS
from tests.domain.lives import LIVES
from tests.domain.objecting import DECIDING, FILED, published
from tests.domain.playbook import made

VECTORS = json.loads((Path(__file__).parent / "vectors" / "events.json").read_bytes())


def test_every_event_that_names_its_deciders_is_part_of_something() -> None:
    assert set(PARTS) == {cls for cls in EVENTS.values() if "deciders" in cls.__struct_fields__}


def test_every_part_is_of_the_decision_that_it_says() -> None:
    found = set()
    for steps in LIVES.values():
        history: list[Event] = []
        for step in steps:
            events = made(history, step)
            history += events
            found |= {(type(each), step.decision) for each in events if type(each) in PARTS and len(events) == 1}
    assert found == {(cls, part.decision) for cls, part in PARTS.items()}


@pytest.mark.parametrize("cls", PARTS, ids=lambda cls: cls.TYPE)
def test_nobody_decides_an_objection_to_what_they_took_part_in(cls: type[Event]) -> None:
    subject = PARTS[cls].subject
    filed = msgspec.structs.replace(FILED, subject=subject)

    def deciding(by: str) -> Any:
        part: Any = {"stage": "heat", "deciders": ("x", by)}
        if "team" in cls.__struct_fields__:
            part["team"] = "cow"
        event = msgspec.structs.replace(example(cls), **part)
        return published(event, filed).by("other").when("decide-objection", DECIDING)

    assert deciding("third").decide()
    deciding("other").refused(TookPartError)


def example(cls: type[Event]) -> Event:
    found = next(each for each in VECTORS if (each["type"], each["version"]) == (cls.TYPE, cls.VERSION))
    return decode_data(cls.TYPE, cls.VERSION, found["data"].encode())
