"""Writes the second data set: a fictional programme of another shape, from call to champion.

    python -m ops.programmes.harbour

Three stages; absolute gates and no planned cut in the first; trimmed mean, normalisation by evaluator, a tie that is
broken, a recusal with replacement, a correction after close, an objection that flips an outcome, an amendment with
dissent, a call that ends without selection, a grant suspended, resumed, adjusted and revoked, a consortium that changes
its members and one that withdraws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from domain.charter_document import canonical, rules_hash
from ops.programmes import lines
from ops.programmes.lines import Line, approval, evaluator, line, own_line
from service.cli.programme_files import charter_of

FOLDER: Final = Path(__file__).parent / "meridian-harbour"
MINISTRY, PORT, RANGE, AUDIT = "maritime-ministry", "port-authority", "test-range", "audit-office"
PUBLISHERS: Final = [MINISTRY, PORT]

TEAMS: Final = {
    "albatross": ("Albatross Works", "알바트로스 웍스"),
    "bollard": ("Bollard Robotics", "볼라드 로보틱스"),
    "corsair": ("Corsair Marine", "코르세어 마린"),
    "driftnet": ("Driftnet Systems", "드리프트넷 시스템즈"),
    "estuary": ("Estuary Labs", "에스추어리 랩스"),
    "fathom": ("Fathom Navigation", "패덤 내비게이션"),
}
MEMBERS: Final = {"bollard": ["Bollard Robotics", "Quayside Sensors"]}

COLLISIONS: Final = {  # in 100 passages: calm, fog, traffic; then seconds to an emergency stop
    "albatross": ("1", "3", "6", "12"),
    "bollard": ("2", "4", "10", "15"),
    "corsair": ("3", "6", "12", "20"),
    "driftnet": ("4", "7", "14", "22"),
    "estuary": ("1", "2", "8", "18.5"),
    "fathom": ("12", "15", "30", "40"),
}
CONCEPT: Final = {  # one sheet of each engineer: the lowest and the highest do not count
    "albatross": ("15.0", "16.5", "17.0", "16.0", "19.5"),
    "bollard": ("14.0", "13.5", "15.0", "14.5", "6.0"),
    "corsair": ("12.0", "13.0", "12.5", "11.0", "14.0"),
    "driftnet": ("10.0", "11.5", "9.5", "12.0", "11.0"),
    "estuary": ("17.0", "16.0", "18.5", "17.5", "15.5"),
    "fathom": ("13.0", "12.5", "14.0", "13.5", "12.0"),
}
SECOND_STAGE: Final = ("albatross", "bollard", "corsair", "driftnet", "estuary")
DOCKING: Final = {  # one sheet of each pilot, one of whom is far stricter than the others
    "albatross": ("34", "18", "36", "33"),
    "bollard": ("30", "14", "33", "29"),
    "corsair": ("26", "10", "30", "27"),
    "driftnet": ("22", "8", "25", "24"),
    "estuary": ("33", "17", "34", "30"),
}
ENERGY: Final = {"albatross": "80", "bollard": "72", "driftnet": "60", "estuary": "100"}
HANDOVER: Final = {  # clarity and speed, of each engineer
    "albatross": (("20", "12"), ("22", "11"), ("19", "12"), ("21", "13"), ("20", "11")),
    "bollard": (("18", "10"), ("17", "11"), ("19", "9"), ("18", "11"), ("16", "10")),
    "driftnet": (("14", "8"), ("15", "9"), ("13", "8"), ("16", "7"), ("14", "9")),
    "estuary": (("19", "12"), ("20", "10"), ("18", "12"), ("21", "10"), ("19", "12")),
}
DISTANCE: Final = {  # nautical miles without help: by day, by night
    "albatross": ("118", "96"),
    "bollard": ("104", "99"),
    "driftnet": ("87", "61"),
    "estuary": ("121", "90.5"),
}
JUDGEMENT: Final = {  # three engineers, two harbour users
    "albatross": ("27.50", "26.00", "28.25", "24.00", "25.50"),
    "bollard": ("22.00", "23.50", "21.75", "27.00", "26.25"),
    "driftnet": ("18.00", "19.25", "17.50", "21.00", "20.00"),
    "estuary": ("26.00", "27.25", "25.50", "26.75", "28.00"),
}
FINDINGS: Final = {  # one condition of `control` is enough
    "control": {"own-software": "met", "full-source": "not_met"},
    "ownership": {"no-rival": "met", "home-port": "met"},
}


def why(english: str, korean: str) -> dict[str, str]:
    return {"en": f"Fictional: {english}", "ko": f"가상: {korean}"}


def engineers(stage: str) -> list[str]:
    return [evaluator("harbour", stage, "engineer", n) for n in range(5)]


def pilots() -> list[str]:
    """The four of the trial; the last takes the place of the third for one team."""
    return [evaluator("harbour", "trial", "pilot", n) for n in range(5)]


def decisions(amended: str) -> Iterator[Line]:
    """Every decision, in order. `amended`: the rules hash of the charter as amended."""
    yield line("publish-charter", MINISTRY, charter={"$file": "charter.yaml"})
    for team, (english, korean) in TEAMS.items():
        members: dict[str, Any] = {"members": MEMBERS[team]} if team in MEMBERS else {}
        yield line("enrol-team", MINISTRY, team=team, name={"en": english, "ko": korean}, **members)
    yield from simulation()
    yield from between(amended)
    yield from trial()
    yield from voyage()


def simulation() -> Iterator[Line]:
    """The first stage: gates instead of a cut. fathom fails one."""
    stage = "simulation"
    yield line("open-stage", MINISTRY, stage=stage)
    for each in engineers(stage):
        yield line("appoint-evaluator", PORT, stage=stage, panel="engineers", evaluator=each)
    for team, (*collisions, stop) in COLLISIONS.items():
        for benchmark, value in zip(("calm", "fog", "traffic"), collisions, strict=True):
            yield measured(stage, team, "safety/collisions", benchmark, value)
        yield measured(stage, team, "safety/response", "emergency-stop", stop)
    for team, points in CONCEPT.items():
        for each, value in zip(engineers(stage), points, strict=True):
            yield sheet(stage, team, "design/concept", each, value)
    yield line("close-scoring", PORT, stage=stage)
    yield line("consolidate-stage", PORT, stage=stage)
    for team in SECOND_STAGE:
        yield from reviewed(stage, team)
    failed = why("below the gate for safety.", "안전성 기준 미달입니다.")
    yield line("eliminate-team", MINISTRY, stage=stage, team="fathom", basis="gate", reason=failed)
    for team in SECOND_STAGE:
        yield advanced(stage, team)
    yield from published(stage)
    yield from noticed(stage, "fathom")
    for team in TEAMS:
        yield waived(stage, team)
    yield line("finalise-stage", MINISTRY, stage=stage)


def between(amended: str) -> Iterator[Line]:
    """A call that finds nobody, grants, a change of members, and an amendment that one team dissents from."""
    yield line("open-additional-call", MINISTRY, call="second-call", after="simulation")
    applicant = {"call": "second-call", "team": "gannet", "eligible_class": "anybody", "members": ["Gannet Craft"]}
    yield own_line("apply-to-call", "gannet", **applicant, name={"en": "Gannet Craft", "ko": "가넷 크래프트"})
    no = why("its vessel is not seaworthy.", "선박이 감항성을 갖추지 못했습니다.")
    screening = {"call": "second-call", "team": "gannet", "screening": "refused"}
    yield line("screen-application", MINISTRY, **screening, reason=no)
    nobody = why("nobody could be admitted.", "선정할 수 있는 지원자가 없습니다.")
    yield line("close-call", MINISTRY, call="second-call", reason=nobody)
    yield from grants()
    joined = {"joined": ["Lantern Optics"], "left": ["Quayside Sensors"]}
    yield own_line("change-consortium", "bollard", team="bollard", **joined, effective="2025-02-03")
    more = why("harbour users count as much as engineers.", "항만 이용자의 비중을 기술위원과 같게 합니다.")
    yield line("amend-charter", MINISTRY, called="amendment", charter={"$file": "amended-charter.yaml"}, reason=more)
    yield approval("amendment", AUDIT)
    for team in SECOND_STAGE:
        stance = "dissent" if team == "driftnet" else "assent"
        said = {"statement": "Users have not sailed with us yet."} if stance == "dissent" else {}
        yield own_line("assent-amendment", team, team=team, rules_hash=amended, stance=stance, **said)


def grants() -> Iterator[Line]:
    """The whole life of a grant, within its period."""
    period = {"starts": "2025-01-06", "ends": "2025-12-20"}
    yield line("set-resource-pool", MINISTRY, resource="berth-hours", quantity="120", **period)
    yield line("set-resource-pool", MINISTRY, resource="charts", **period)
    berth: dict[str, Any] = {"grant": "berth-albatross", "team": "albatross", "resource": "berth-hours"}
    yield line("grant-resource", MINISTRY, **berth, quantity="40", **period)
    other: dict[str, Any] = {"grant": "berth-estuary", "team": "estuary", "resource": "berth-hours"}
    yield line("grant-resource", MINISTRY, **other, quantity="40", **period)
    yield line("grant-resource", MINISTRY, grant="charts-bollard", team="bollard", resource="charts", **period)
    used = {"grant": "berth-albatross", "team": "albatross", "quantity": "32"}
    yield own_line("report-usage", "albatross", **used, starts="2025-01-06", ends="2025-02-01")
    changes: list[tuple[str, str, str, str, dict[str, Any]]] = [
        ("suspend-grant", "2025-02-01", "the berth is dredged.", "선석을 준설합니다.", {}),
        ("resume-grant", "2025-03-01", "the berth is dredged.", "준설이 끝났습니다.", {}),
        (
            "adjust-grant",
            "2025-04-05",
            "more hours are free.",
            "시간이 더 생겼습니다.",
            {"resource": "berth-hours", "quantity": "60"},
        ),
    ]
    for decision, starts, english, korean, changed in changes:
        reason = why(english, korean)
        yield line(decision, MINISTRY, grant="berth-albatross", starts=starts, reason=reason, **changed)
    over = why("the berth is needed for repairs.", "선석을 보수해야 합니다.")
    yield line("revoke-grant", MINISTRY, called="revoked", grant="berth-estuary", starts="2025-05-03", reason=over)
    yield approval("revoked", AUDIT)


def trial() -> Iterator[Line]:
    """The second stage: corsair withdraws, two teams tie, driftnet is eliminated and objects with success."""
    stage = "trial"
    yield line("open-stage", MINISTRY, stage=stage)
    for each in engineers(stage):
        yield line("appoint-evaluator", PORT, stage=stage, panel="engineers", evaluator=each)
    *first, instead = pilots()
    for each in first:
        yield line("appoint-evaluator", PORT, stage=stage, panel="pilots", evaluator=each)
    close = {"stage": stage, "evaluator": first[2], "reason": "Fictional: sailed for the team last year."}
    yield line("recuse-evaluator", PORT, **close, team="bollard")
    yield line("replace-evaluator", PORT, **close, replacement=instead)
    for team, points in DOCKING.items():
        for n, (each, value) in enumerate(zip(first, points, strict=True)):
            judge = instead if (team, n) == ("bollard", 2) else each
            yield sheet(stage, team, "manoeuvre/docking", judge, value)
    stops = why("its vessel was lost in a storm.", "폭풍으로 선박을 잃었습니다.")
    yield own_line("withdraw-team", "corsair", team="corsair", reason=stops)
    for team, value in ENERGY.items():
        yield measured(stage, team, "manoeuvre/energy", "round-trip", value)
    for team, sheets in HANDOVER.items():
        for each, (clarity, speed) in zip(engineers(stage), sheets, strict=True):
            yield sheet(stage, team, "operations/handover", each, clarity, item="clarity")
            yield sheet(stage, team, "operations/handover", each, speed, item="speed")
    yield line("close-scoring", PORT, stage=stage)
    yield from corrected(stage, first[0])
    yield line("consolidate-stage", PORT, stage=stage)
    for team in ENERGY:
        yield from reviewed(stage, team)
    last = why("last of four.", "네 팀 가운데 넷째입니다.")
    yield line("eliminate-team", MINISTRY, stage=stage, team="driftnet", basis="rank", reason=last)
    for team in ("albatross", "bollard", "estuary"):
        yield advanced(stage, team)
    yield from published(stage)
    yield from flipped(stage)
    for team in ENERGY:
        yield waived(stage, team)
    yield line("finalise-stage", MINISTRY, stage=stage)


def corrected(stage: str, pilot: str) -> Iterator[Line]:
    """After close the ministry approves: a digit was swapped."""
    body = {"stage": stage, "team": "driftnet", "criterion": "manoeuvre/docking", "evaluator": pilot, "points": "21"}
    yield line("correct-score", PORT, called="corrected", **body, reason="Fictional: a slip of the pen.")
    yield approval("corrected", MINISTRY)


def flipped(stage: str) -> Iterator[Line]:
    """An upheld objection puts another outcome in the place of the first; the plan is left, and says so."""
    filed = {"stage": stage, "objection": "driftnet-1"}
    grounds = "Fictional: the tide tables that we were given were those of another harbour."
    yield own_line("file-objection", "driftnet", **filed, team="driftnet", subject="outcome", grounds=grounds)
    yield line("decide-objection", AUDIT, **filed, outcome="upheld", reason="Fictional: the tables were wrong.")
    upheld = why("the objection driftnet-1 was upheld.", "이의 driftnet-1이 인용되었습니다.")
    outcome = {"stage": stage, "team": "driftnet", "to": "advanced", "basis": "objection", "objection": "driftnet-1"}
    yield line("supersede-outcome", MINISTRY, **outcome, reason=upheld)
    plan = {"stage": stage, "subject": "eliminations", "actual": "0"}
    yield line("record-deviation", MINISTRY, called="deviation", **plan, reason=upheld)
    yield approval("deviation", AUDIT)


def voyage() -> Iterator[Line]:
    """The last stage: one champion is left, with a title."""
    stage, field = "voyage", tuple(DISTANCE)
    yield line("open-stage", MINISTRY, stage=stage)
    for n, each in enumerate(engineers(stage)):
        seat = {"stage": stage, "panel": "engineers", "evaluator": each}
        yield line("appoint-evaluator", PORT, **seat, group="engineers" if n < 3 else "users")
    for team, (day, night) in DISTANCE.items():
        yield measured(stage, team, "passage/distance", "day", day)
        yield measured(stage, team, "passage/distance", "night", night)
    for team, points in JUDGEMENT.items():
        for each, value in zip(engineers(stage), points, strict=True):
            yield sheet(stage, team, "jury/judgement", each, value)
    yield line("close-scoring", PORT, stage=stage)
    yield line("consolidate-stage", PORT, stage=stage)
    for team in field:
        yield from reviewed(stage, team)
    behind = why("not first.", "1위가 아닙니다.")
    for team in ("bollard", "driftnet", "estuary"):
        yield line("eliminate-team", MINISTRY, stage=stage, team=team, basis="rank", reason=behind)
    yield advanced(stage, "albatross")
    yield from published(stage)
    for team in field:
        yield waived(stage, team)
    yield line("finalise-stage", MINISTRY, stage=stage)
    yield line("confer-title", MINISTRY, team="albatross", title="Harbour Champion")


def measured(stage: str, team: str, criterion: str, benchmark: str, value: str) -> Line:
    body = {"stage": stage, "team": team, "criterion": criterion, "benchmark": benchmark, "value": value}
    return line("record-measurement", RANGE, **body)


def sheet(stage: str, team: str, criterion: str, judge: str, points: str, **item: str) -> Line:
    body = {"stage": stage, "team": team, "criterion": criterion, "evaluator": judge, "points": points}
    return line("submit-score", PORT, **body, **item)


def advanced(stage: str, team: str) -> Line:
    reason = why("goes on.", "다음으로 나아갑니다.")
    return line("advance-team", MINISTRY, stage=stage, team=team, reason=reason)


def published(stage: str) -> Iterator[Line]:
    """Each publisher agrees; the last one's agreement makes the results public."""
    for agency in PUBLISHERS:
        yield line("publish-results", agency, stage=stage, publishers=PUBLISHERS)


def waived(stage: str, team: str) -> Line:
    return own_line("waive-objections", team, stage=stage, team=team)


def noticed(stage: str, team: str) -> Iterator[Line]:
    """A notice served, and acknowledged by its addressee."""
    notice = f"{stage}-{team}"
    values = {"stage": stage, "until": "the third day after publication"}
    body: dict[str, Any] = {
        "notice": notice,
        "team": team,
        "template": "result",
        "subject": f"outcome in {stage}",
        "values": values,
    }
    yield line("serve-notice", MINISTRY, **body)
    yield own_line("acknowledge-notice", team, notice=notice, team=team)


def reviewed(stage: str, team: str) -> Iterator[Line]:
    """A hearing, three opinions, and a ruling on all of the evidence."""
    of = {"stage": stage, "team": team}
    sha256 = hashlib.sha256(f"Fictional source audit of {team} in {stage}.\n".encode()).hexdigest()
    yield line("register-evidence", PORT, **of, kind="source-audit", sha256=sha256, title="Source audit (fictional)")
    yield line("open-independence-review", PORT, **of, reason="Fictional: as the charter has it.")
    yield line("request-statement", PORT, **of, question="Fictional: who wrote the steering software?")
    yield own_line("give-statement", team, **of, statement="Fictional: we did.", evidence=[sha256])
    for each in engineers(stage)[:3]:
        yield line("give-opinion", PORT, **of, evaluator=each, opinion="met", reason="Fictional: shown in the audit.")
    findings = [
        {"perspective": perspective, "condition": condition, "verdict": verdict}
        for perspective, conditions in FINDINGS.items()
        for condition, verdict in conditions.items()
    ]
    ruling: dict[str, Any] = {
        "verdict": "met",
        "perspectives": list(FINDINGS),
        "findings": findings,
        "evidence": [sha256],
    }
    reason = why("it steers with software of its own.", "스스로 개발한 소프트웨어로 조타합니다.")
    yield line("rule-independence", MINISTRY, **of, **ruling, reason=reason)


def amended_charter() -> str:
    """The charter with one rule of its last stage changed."""
    before = (FOLDER / "charter.yaml").read_text(encoding="utf-8")
    users = "{id: users, title: {en: Harbour users, ko: 항만 이용자}, weight: "
    if before.count(users) != 1:
        raise ValueError("the charter names the harbour users of the last stage once")
    return before.replace(f'{users}"1"', f'{users}"2"')


def files() -> dict[str, str]:
    """What stands in the folder, by name."""
    amended = amended_charter()
    hashed = rules_hash(canonical(charter_of(amended)))
    return {"amended-charter.yaml": amended, "decisions.ndjson": lines.text(decisions(hashed))}


if __name__ == "__main__":
    lines.write(FOLDER, files())
