"""An amendment after a stage was consolidated, through the API: countersigned, assented to, dissented from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from domain.charter_document import canonical, rules_hash
from service.cli import main
from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme

BEFORE = charters.document()


def after() -> dict[str, Any]:
    """The final drops one team, and who is enrolled stays among the agencies."""
    stages = charters.document()["stages"]
    stages[1]["eliminate"] = "1"
    disclosure = [{"events": ["TeamEnrolled"], "public": "agencies"}]
    return charters.document(stages=stages, disclosure=disclosure)


AFTER = after()
OLD, NEW = (rules_hash(canonical(each)) for each in (BEFORE, AFTER))


@pytest.fixture
def settled(running: Running) -> SmallProgramme:
    """The first stage is settled and published under the first charter."""
    programme = SmallProgramme(running)
    programme.score()
    programme.rule()
    programme.publish()
    return programme


@pytest.fixture
def amended(settled: SmallProgramme) -> SmallProgramme:
    """Amended with the other agency's approval."""
    settled.proposed("amend-charter", {"charter": AFTER, "reason": WHY})
    return settled


def test_an_amendment_after_a_stage_was_opened_waits_for_the_other_agency(settled: SmallProgramme) -> None:
    head = settled.running.head()
    bare = settled.submit("amend-charter", {"charter": AFTER})
    assert (bare.status_code, bare.json()["type"]) == (422, "/problems/deviation-without-reason")
    stages = [{**AFTER["stages"][0], "tie_break": []}, AFTER["stages"][1]]
    used = settled.submit("amend-charter", {"charter": {**AFTER, "stages": stages}, "reason": WHY})
    assert (used.status_code, used.json()["type"]) == (409, "/problems/rules-in-use")
    assert settled.running.head() == head
    waits = settled.submit("amend-charter", {"charter": AFTER, "reason": WHY})
    assert (waits.status_code, waits.json()["awaiting"]) == (202, ["other", "clerk"])
    assert settled.read("")["rules_hash"] == OLD
    assert settled.read("")["amendments"] == []


def test_a_stage_settled_before_keeps_its_standings_and_the_next_has_the_new_rules(settled: SmallProgramme) -> None:
    settled.running.project()
    standings = settled.read("/standings", stage="heat")
    settled.proposed("amend-charter", {"charter": AFTER, "reason": WHY})
    later = settled.read("/standings", stage="heat")
    assert later["rules_hash"] == OLD
    assert (later["rows"], later["statements"]) == (standings["rows"], standings["statements"])
    settled.accepted("open-stage", {"stage": "final"})
    assert settled.read("/standings", "owner", stage="final")["rules_hash"] == NEW
    trail = {each["type"]: each for each in settled.read("/audit-trail", "owner", limit=1000)["entries"]}
    assert trail["CharterAmended"]["rules_hash"] == OLD
    assert trail["CharterAmended"]["data"]["rules_hash"] == NEW
    assert trail["StageOpened"]["rules_hash"] == NEW


def test_every_charter_that_was_ever_in_force_is_readable(amended: SmallProgramme, tmp_path: Path) -> None:
    client = amended.running.client
    path = f"/v1/programmes/{PROGRAMME}/charter"
    assert client.get(path).headers["Rules-Hash"] == NEW
    files = []
    for each, document in ((OLD, BEFORE), (NEW, AFTER)):
        answer = client.get(path, params={"rules_hash": each})
        assert answer.headers["Rules-Hash"] == each
        assert answer.content == canonical(document)
        files.append(tmp_path / f"{each}.yaml")
        files[-1].write_bytes(answer.content)
    unknown = client.get(path, params={"rules_hash": "0" * 64})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-rules")
    said = CliRunner().invoke(main, ["charter", "diff", *map(str, files)])
    assert said.exit_code == 0, said.output
    assert "final" in said.output


def test_teams_assent_or_dissent_and_everybody_sees_it(amended: SmallProgramme) -> None:
    said = {"rules_hash": NEW}
    first = amended.accepted("assent-amendment", {**said, "team": "ant", "stance": "assent"}, by="ant")
    body = {**said, "team": "bee", "stance": "dissent", "statement": "Not now."}
    second = amended.accepted("assent-amendment", body, by="bee")
    again = amended.submit("assent-amendment", {**body, "stance": "assent"}, by="bee")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/stance-taken")
    (shown,) = amended.read("")["amendments"]
    assert shown.pop("recorded_at").endswith("Z")
    assert shown.pop("position") == first - 1
    assert shown == {
        "rules_hash": NEW,
        "replaces": OLD,
        "deviation": True,
        "reason": WHY,
        "assents": [{"team": "ant", "statement": None, "position": first}],
        "dissents": [{"team": "bee", "statement": "Not now.", "position": second}],
    }


def test_an_amendment_does_not_hide_what_was_public_before_it(amended: SmallProgramme) -> None:
    """The amended charter keeps enrolments among the agencies; those that were recorded before stay public."""
    answer = amended.running.client.get("/v1/ledger/events", params={"type": "TeamEnrolled", "limit": 1000})
    assert '"team":"ant"' in answer.text
    tagged = amended.running.client.get("/v1/ledger/events", params={"tag": f"team:{PROGRAMME}/ant"})
    assert "TeamEnrolled" in tagged.text
    trail = amended.read("/audit-trail", limit=1000)["entries"]
    assert all("data" in each for each in trail if each["type"] == "TeamEnrolled")
    assert amended.read("/standings", **HEAT)["rules_hash"] == OLD
