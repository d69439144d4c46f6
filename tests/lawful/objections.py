"""Objections: filed while the team may, decided once and before the end of the stage."""

from __future__ import annotations

from tests.lawful.history import Data, Lawful, rule


@rule("ObjectionFiled")
def filed(history: Lawful, _position: int, data: Data) -> None:
    assert (data["team"], data["objection"]) not in history.objections
    assert data["subject"] != "ruling" or history.stage(data["stage"]).review(data["team"]).ruled
    history.objections[data["team"], data["objection"]] = {**data, "decided": 0}


@rule("ObjectionFiled", "ObjectionsWaived")
def may_object(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.published
    assert "objections" in history.plan(data["stage"])
    assert data["team"] in stage.teams
    assert stage.outcomes[data["team"]] != "withdrawn"
    assert data["team"] not in stage.waived


@rule("ObjectionsWaived")
def waived(history: Lawful, _position: int, data: Data) -> None:
    history.stage(data["stage"]).waived.add(data["team"])


@rule("ObjectionDecided")
def decided(history: Lawful, position: int, data: Data) -> None:
    found = history.objections[data["team"], data["objection"]]
    assert not found["decided"]
    assert all(found[name] == data[name] for name in ("stage", "subject"))
    found.update(outcome=data["outcome"], decided=position)
