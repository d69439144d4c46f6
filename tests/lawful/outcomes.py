"""Outcomes, what takes their place, deviations from the plan, withdrawals, titles."""

from __future__ import annotations

from tests.lawful.history import Data, Lawful, rule


@rule("DeviationRecorded")
def deviated(history: Lawful, _position: int, data: Data) -> None:
    stage = history.stage(data["stage"])
    assert stage.consolidated
    history.require_no_later_stage(data["stage"])
    assert data["planned"] == history.plan(data["stage"])["eliminate"]
    assert data["actual"] != (data["planned"] if stage.deviation is None else stage.deviation)
    left = [team for team in stage.teams if stage.outcomes.get(team) != "withdrawn"]
    assert int(data["actual"]) <= len(left)
    stage.deviation = data["actual"]


@rule("TeamAdvanced", "TeamEliminated")
def first_outcome(history: Lawful, position: int, data: Data) -> None:
    """Of a team that competes and has none; the plan has room for another elimination."""
    stage, outcome = history.stage(data["stage"]), "eliminated" if "basis" in data else "advanced"
    assert stage.consolidated
    assert data["team"] in stage.teams
    assert data["team"] in history.seated
    assert data["team"] not in stage.outcomes
    if outcome == "advanced":
        history.require_independent(data["stage"], data["team"])
    _stands(history, position, data, outcome)


@rule("OutcomeSuperseded")
def superseded(history: Lawful, position: int, data: Data) -> None:
    """It names the outcome whose place it takes, and the upheld objection of the team if that is its basis."""
    stage = history.stage(data["stage"])
    assert stage.consolidated
    history.require_no_later_stage(data["stage"])
    assert stage.outcomes[data["team"]] == history.status[data["team"]] == data["was"]
    if data["was"] == data["to"]:
        before, now = stage.grounds[data["team"]], data["basis"]
        assert before != now
        assert before != "ruling" or stage.review(data["team"]).verdict == "met"
    assert data["objection"] is not None or data["basis"] != "objection"
    if data["objection"] is not None:
        found = history.objections[data["team"], data["objection"]]
        assert (found["stage"], found["outcome"]) == (data["stage"], "upheld")
        assert data["basis"] != "objection" or found["decided"] > history.decided[data["team"]][1]
    if data["to"] == "advanced":
        history.require_independent(data["stage"], data["team"])
    _stands(history, position, data, data["to"])
    if data["to"] == "advanced":
        history.require_seats()
    stage.waived.discard(data["team"])


def _stands(history: Lawful, position: int, data: Data, outcome: str) -> None:
    stage, team = history.stage(data["stage"]), data["team"]
    stage.outcomes[team] = history.status[team] = outcome
    if stage.published:
        history.announced[team] = (data["stage"], outcome)
    history.decided[team] = (data["stage"], position)
    stage.grounds[team] = data.get("basis", "")
    if outcome == "eliminated":
        assert data["basis"] in ("rank", "gate", "ruling")  # an objection is decided in the team's favour
        assert data["basis"] != "ruling" or stage.review(team).verdict == "not_met"
        planned = stage.deviation or history.plan(data["stage"])["eliminate"]
        out = [each for each in stage.outcomes.values() if each == "eliminated"]
        assert planned == "none" or len(out) <= int(planned)


@rule("TeamWithdrawn")
def withdrew(history: Lawful, _position: int, data: Data) -> None:
    """Of a stage that is settled, or rests on certified figures, the team keeps its rank; else it is not in it.

    What was announced last counts, not what was decided since and is not public.
    """
    team = data["team"]
    assert team in history.status
    assert history.status[team] != "withdrawn"
    where, what = history.announced.get(team, (None, None))
    assert what != "eliminated"
    assert team not in history.decided or history.decided[team][0] == where, "results are awaited"
    history.status[team] = "withdrawn"
    in_play = [name for name, each in history.stages.items() if team in each.teams]
    assert data["stage"] == (in_play[-1] if in_play and not history.stages[in_play[-1]].final else None)
    if data["stage"] is not None:
        stage = history.stage(data["stage"])
        stage.outcomes[team] = "withdrawn"
        if not (stage.settled or stage.certified):
            stage.teams.remove(team)


@rule("TitleConferred")
def conferred(history: Lawful, _position: int, data: Data) -> None:
    team, title = data["team"], data["title"]
    assert (team, title) not in history.titles
    assert not history.embargoed(team)
    entitled = [each for each in history.charter["entitlements"] if each["status"] == history.status[team]]
    assert any(title in each["titles"] for each in entitled)
    history.titles.add((team, title))


@rule("TitleWithdrawn")
def title_withdrawn(history: Lawful, _position: int, data: Data) -> None:
    history.titles.remove((data["team"], data["title"]))
