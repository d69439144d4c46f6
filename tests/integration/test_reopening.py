"""A correction after publication, through the API: reopened, corrected, settled and published anew."""

from __future__ import annotations

import msgspec
import pytest

from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme


@pytest.fixture
def reopened(running: Running) -> tuple[SmallProgramme, int]:
    """Published, reopened at the position given, corrected, settled anew; not yet published again."""
    programme = SmallProgramme(running)
    programme.score()
    programme.rule()
    programme.publish()
    at = programme.accepted("reopen-scoring", {**HEAT, "reason": WHY})
    sheet = {**HEAT, "team": "ant", "criterion": "paper/idea", "points": "10", "reason": "a slip"}
    for one in charters.JURY:
        programme.proposed("correct-score", {**sheet, "evaluator": one})
    programme.accepted("close-scoring", HEAT)
    programme.accepted("reconsolidate-stage", {**HEAT, "reason": WHY})
    return programme, at


def total(programme: SmallProgramme, by: str | None = None, **parameters: int) -> str:
    rows = programme.read("/standings", by, stage="heat", **parameters)["rows"]
    points: str = next(row["total"]["exact"] for row in rows if row["team"] == "ant")
    return points


def explained(programme: SmallProgramme, by: str | None = None) -> tuple[str, int]:
    """A total as it is explained, and as of which position."""
    found = programme.read("/explain", by, stage="heat", team="ant", node="total")
    return found["tree"]["value"], found["position"]


def test_what_was_public_stays_so_until_results_are_published_again(reopened: tuple[SmallProgramme, int]) -> None:
    programme, at = reopened
    for reader in (None, "ant", "bee"):
        assert total(programme, reader) == "25"
        assert programme.read("/standings", reader, stage="heat")["position"] == at - 1
        assert total(programme, reader, as_of_position=at + 1) == "25"
        assert explained(programme, reader) == ("25", at - 1)
    assert total(programme, "owner") == "26"
    assert explained(programme, "owner")[0] == "26"
    programme.publish()
    assert total(programme) == "26"
    assert total(programme, as_of_position=at - 1) == "25"
    assert total(programme, as_of_position=at + 1) == "25"


def test_the_public_reads_no_state_that_was_never_public(reopened: tuple[SmallProgramme, int]) -> None:
    """Between two corrections standings would give away a sheet: as of then it reads what it could read then."""
    programme, at = reopened
    programme.publish()
    of_ant = range(at + 1, programme.running.head())
    insider = {total(programme, "owner", as_of_position=position) for position in of_ant}
    assert len(insider) > 1
    for reader in (None, "ant"):
        assert {total(programme, reader, as_of_position=position) for position in of_ant} == {"25"}
    before = programme.read("/standings", stage="heat", as_of_position=at - 2)
    assert "rows" not in before
    assert before["events"]["ScoreSubmitted"] == 9


def test_as_of_then_the_public_reads_the_outcomes_that_were_public_then(running: Running) -> None:
    programme = SmallProgramme(running)
    programme.score()
    programme.rule()
    ruled = running.head()
    published = programme.publish()

    def statuses(by: str | None, at: int) -> dict[str, str]:
        return {each["team"]: each["status"] for each in programme.read("/teams", by, as_of_position=at)["teams"]}

    outcomes = {"ant": "advanced", "bee": "advanced", "cow": "eliminated"}
    for reader in (None, "ant"):
        assert statuses(reader, ruled) == dict.fromkeys(outcomes, "enrolled")
        assert statuses(reader, published - 1) == dict.fromkeys(outcomes, "enrolled")
        assert statuses(reader, published) == outcomes
    assert statuses("owner", ruled) == outcomes
    at = programme.accepted("reopen-scoring", {**HEAT, "reason": WHY})
    assert statuses(None, at) == outcomes
    assert statuses(None, ruled) == dict.fromkeys(outcomes, "enrolled")


def test_the_events_after_reopening_are_under_embargo(reopened: tuple[SmallProgramme, int]) -> None:
    programme, at = reopened

    def withheld() -> dict[str, bool]:
        answer = programme.running.client.get("/v1/ledger/events", params={"after": at - 1, "limit": 1000})
        return {
            each["type"]: each.get("withheld", False) for each in map(msgspec.json.decode, answer.text.splitlines())
        }

    before = withheld()
    assert (before["ScoringReopened"], before["StageReconsolidated"]) == (False, True)
    trail = {each["type"]: each for each in programme.read("/audit-trail", limit=1000)["entries"]}
    assert "data" in trail["TeamEliminated"]
    assert "data" not in trail["StageReconsolidated"]
    tagged = f"stage:{PROGRAMME}/heat"
    answer = programme.running.client.get("/v1/ledger/events", params={"tag": tagged, "limit": 1000})
    assert "StageReconsolidated" not in answer.text
    programme.publish()
    assert withheld()["StageReconsolidated"] is False
