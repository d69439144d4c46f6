"""Who holds a seat: enrolment, and additional calls for seats that were left."""

from __future__ import annotations

from tests.lawful.history import Data, Lawful, rule


@rule("TeamEnrolled")
def enrolled(history: Lawful, _position: int, data: Data) -> None:
    assert not [stage for stage in history.stages.values() if stage.opened]
    _enters(history, data, "enrolled")


@rule("ConsortiumChanged")
def changed(history: Lawful, _position: int, data: Data) -> None:
    assert history.status[data["team"]] != "withdrawn"
    assert data["joined"] or data["left"]


@rule("AdditionalCallOpened")
def call_opened(history: Lawful, _position: int, data: Data) -> None:
    """For seats that are free, once the stage has left them."""
    stage = history.stage(data["stage"])
    assert data["call"] not in history.calls
    assert stage.consolidated
    assert set(stage.teams) <= set(stage.outcomes)
    assert int(data["seats"]) <= int(history.charter["seats"]) - len(history.seated)
    history.calls[data["call"]] = {"seats": int(data["seats"]), "received": {}, "admitted": {}, "closed": False}


@rule("CallApplicationReceived")
def applied(history: Lawful, _position: int, data: Data) -> None:
    call = _open(history, data)
    assert data["team"] not in call["received"]
    call["received"][data["team"]] = data


@rule("ApplicationScreened")
def screened(history: Lawful, _position: int, data: Data) -> None:
    call = _open(history, data)
    assert data["team"] in call["received"]
    assert data["team"] not in call["admitted"]
    call["admitted"][data["team"]] = data


@rule("CallTeamSelected")
def selected(history: Lawful, _position: int, data: Data) -> None:
    """An admitted applicant; one that was in the programme before only if it was found independent since."""
    call, stage = _open(history, data), history.stage(data["stage"])
    screening = call["admitted"][data["team"]]
    assert screening["screening"] == "admitted"
    assert screening["independence"] != "not_met"
    assert data["reenters"] == call["received"][data["team"]]["reenters"]
    assert stage.published
    if not history.reported:
        assert stage.final
        assert data["reenters"] is None or screening["independence"] == "met"
    call["seats"] -= 1
    _enters(history, data, "selected")


@rule("StageOpened")
def nobody_comes_late(history: Lawful, _position: int, _data: Data) -> None:
    assert history.reported or all(each["closed"] or not each["seats"] for each in history.calls.values())


@rule("CallClosedWithoutSelection")
def call_closed(history: Lawful, _position: int, data: Data) -> None:
    _open(history, data)["closed"] = True


def _open(history: Lawful, data: Data) -> Data:
    call: Data = history.calls[data["call"]]
    assert not call["closed"]
    assert call["seats"] > 0
    return call


def _enters(history: Lawful, data: Data, status: str) -> None:
    """An id is for life, and no two teams have one name or one lead, but for a team and those that it was."""
    team, before = data["team"], data.get("reenters")
    assert team not in history.status
    own = set()
    while before is not None:
        own.add(before)
        before = history.reenters.get(before)
    for other in history.seated:
        assert history.reported or not own & _all_before(history, other), f"{team} is {other}, which holds a seat"
    for other, name in history.names.items():
        assert other in own or not set(name.items()) & set(data["name"].items()), f"{team} has the name of {other}"
    for lead in data.get("members", ())[:1]:
        for other, leading in history.leads.items():
            assert history.reported or other in own or lead != leading, f"{lead} leads {team}, and led {other}"
        history.leads[team] = lead
    history.status[team], history.names[team], history.reenters[team] = status, data["name"], data.get("reenters")
    history.require_seats()


def _all_before(history: Lawful, team: str) -> set[str]:
    """The team, and those that it was before."""
    found = {team}
    while before := history.reenters.get(team):
        found.add(before)
        team = before
    return found
