"""Writes the rehearsal: an illustrative set of decisions from which every published figure comes out exactly.

    python -m ops.programmes.rehearsal

The team points are those that PROGRAMME's table calls feasible; sheets and metrics below them are made here, the same
on every machine. Nothing of it is a real score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from ops.programmes import lines
from ops.programmes.lines import approval, line, own_line

FOLDER: Final = Path(__file__).parent / "independent-ai-foundation-model-rehearsal"
STAGE: Final = "stage-1"
PUBLISHERS: Final = ["msit", "nipa", "tta"]

TEAMS: Final = {
    "lg-ai-research": ("LG AI Research", "LG AI연구원"),
    "sk-telecom": ("SK Telecom", "SK텔레콤"),
    "naver-cloud": ("Naver Cloud", "네이버클라우드"),
    "upstage": ("Upstage", "업스테이지"),
    "nc-ai": ("NC AI", "NC AI"),
}
NIA_AREAS: Final = ("mathematics", "knowledge", "long-context", "reliability-safety")

# Mean percentage of the NIA areas, sum of 13 percentages, sum of 5 capped ratios; then the judged criteria.
MEASURED: Final = {
    "lg-ai-research": ("92.0", "936.0", "5.0"),
    "sk-telecom": ("92.0", "858.0", "4.6"),
    "naver-cloud": ("90.0", "884.0", "4.7"),
    "upstage": ("88.0", "871.0", "5.0"),
    "nc-ai": ("76.0", "676.0", "3.6"),
}
EXPERT_MAXIMA: Final = {"strategy-technology": "15.0", "results-plans": "10.0", "spillover": "10.0"}
USER_MAXIMA: Final = {"applicability": "15.0", "cost-efficiency": "10.0"}
EXPERT: Final = {
    "lg-ai-research": ("13.6", "9.0", "9.0"),
    "sk-telecom": ("12.6", "8.3", "8.2"),
    "naver-cloud": ("12.5", "8.3", "8.2"),
    "upstage": ("12.1", "8.1", "8.1"),
    "nc-ai": ("10.8", "7.0", "7.0"),
}
USER: Final = {
    "lg-ai-research": ("15.0", "10.0"),
    "sk-telecom": ("12.6", "8.3"),
    "naver-cloud": ("12.2", "8.2"),
    "upstage": ("12.0", "8.3"),
    "nc-ai": ("10.4", "6.8"),
}
CONDITIONS: Final = {
    "technical": ("own-development", "own-weights"),
    "policy": ("advance-on-its-own", "control-of-use", "unrestricted", "no-outside-control"),
    "ethical": ("licences-and-references", "openness"),
}
# Which condition Naver Cloud did not meet was never reported; the rehearsal needs one, and says that it is made up.
ILLUSTRATIVE_FAILURE: Final = ("policy", "no-outside-control")

CALL: Final = "additional-call"
APPLICANTS: Final = {
    "hanbit-models": ("Hanbit Models (fictional)", "한빛모델(가상)", "first-call-applicants", None),
    "naver-cloud-2": ("Naver Cloud", "네이버클라우드", "no-longer-elite", "naver-cloud"),
    "nc-ai-2": ("NC AI", "NC AI", "no-longer-elite", "nc-ai"),
    "saebyeok-ai": ("Saebyeok AI (fictional)", "새벽AI(가상)", "other-companies", None),
}
"""By id: name in both languages, class, and the team that it was. Every new one is fictional. Of the members of each
its lead alone is named, which is the company that the applicant is called after."""
SELECTED: Final = "saebyeok-ai"


def number_from(*parts: object) -> int:
    """The rehearsal's own."""
    return lines.number_from("sillok-rehearsal", *parts)


def evaluators(panel: str, size: int) -> list[str]:
    """Opaque ids."""
    return [f"ev-{number_from(panel, n):016x}" for n in range(size)]


def spread(
    mean: Fraction, count: int, *, unit: Fraction, ceiling: Fraction, width: int, seed: object
) -> list[Fraction]:
    """`count` multiples of `unit` around `mean`, none above `ceiling`, whose mean is exactly `mean`.

    They come in pairs, one as far above as the other is below, in an order that does not show it.
    """
    room = min(width, int((ceiling - mean) / unit))
    values = [mean] * (count % 2)
    for pair in range(count // 2):
        off = number_from(seed, pair) % (room + 1) if pair else room
        values += [mean + off * unit, mean - off * unit]
    return [value for _order, value in sorted((number_from(seed, "order", n), value) for n, value in enumerate(values))]


def one_decimal(value: Fraction) -> str:
    tenths = value * 10
    if tenths.denominator != 1:
        raise ValueError(f"{value} is not on the 0.1 grid")
    return f"{tenths.numerator // 10}.{tenths.numerator % 10}"


def evidence_document(team: str) -> str:
    """A document that says what it is."""
    return (
        f"# Illustrative technical report: {TEAMS[team][0]}\n\n"
        "This document is illustrative. It was generated for the rehearsal of the programme and says nothing about\n"
        "the real model of any company. It exists so that a ruling has evidence to cite, by its SHA-256.\n"
    )


def decisions() -> Iterator[dict[str, Any]]:
    """Every decision of the rehearsal, in order."""
    yield line("publish-charter", "msit", charter={"$file": "charter.yaml"})
    for team, (english, korean) in TEAMS.items():
        yield line("enrol-team", "msit", team=team, name={"en": english, "ko": korean})
    yield line("open-stage", "msit", stage=STAGE)
    for panel, size in (("evaluation-committee", 10), ("expert-users", 49)):
        for evaluator in evaluators(panel, size):
            yield line("appoint-evaluator", "nipa", stage=STAGE, panel=panel, evaluator=evaluator)
    for team in TEAMS:
        yield from measurements(team)
    for team in TEAMS:
        yield from sheets(team, "expert", "evaluation-committee", 10, EXPERT_MAXIMA, EXPERT[team])
        yield from sheets(team, "user", "expert-users", 49, USER_MAXIMA, USER[team])
    yield line("close-scoring", "nipa", stage=STAGE)
    yield line("consolidate-stage", "nipa", stage=STAGE)
    for team in TEAMS:
        yield from independence(team)
    yield from outcomes()
    for agency in PUBLISHERS:
        yield line("publish-results", agency, stage=STAGE, publishers=PUBLISHERS)
    yield line("open-additional-call", "msit", call=CALL, after=STAGE)
    for team in TEAMS:
        yield own_line("waive-objections", team, stage=STAGE, team=team)
    yield line("finalise-stage", "msit", stage=STAGE)
    yield from additional_call()
    yield from resources()
    yield line("open-stage", "msit", stage="stage-2")


def measurements(team: str) -> Iterator[dict[str, Any]]:
    areas, common, individual = (Fraction(text) for text in MEASURED[team])
    tenth, hundred = Fraction(1, 10), Fraction(100)
    values = spread(areas, len(NIA_AREAS), unit=tenth, ceiling=hundred, width=40, seed=(team, "nia"))
    for area, value in zip(NIA_AREAS, values, strict=True):
        yield measurement(team, "benchmark/nia", area, one_decimal(value))
    values = spread(common / 13, 13, unit=tenth, ceiling=hundred, width=90, seed=(team, "common"))
    for n, value in enumerate(values, start=1):
        yield measurement(team, "benchmark/global-common", f"common-{n:02d}", one_decimal(value))
    ratios = spread(individual / 5, 5, unit=Fraction(1, 50), ceiling=Fraction(1), width=4, seed=(team, "individual"))
    target = Fraction(50)
    for n, ratio in enumerate(ratios, start=1):
        # Those who reach their target may pass it: the ratio counts as 1 all the same.
        beyond = Fraction(number_from(team, "beyond", n) % 20, 10) if individual == 5 else Fraction(0)
        yield measurement(
            team,
            "benchmark/global-individual",
            f"individual-{n:02d}",
            one_decimal(ratio * target + beyond),
            target={"model": f"illustrative target of {TEAMS[team][0]}", "value": one_decimal(target)},
        )


def measurement(team: str, criterion: str, benchmark: str, value: str, **target: Any) -> dict[str, Any]:
    body = {"stage": STAGE, "team": team, "criterion": criterion, "benchmark": benchmark, "value": value}
    return line("record-measurement", "nia", **body, **target)


def sheets(
    team: str, assessment: str, panel: str, size: int, maxima: dict[str, str], means: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    for (criterion, maximum), mean in zip(maxima.items(), means, strict=True):
        values = spread(
            Fraction(mean),
            size,
            unit=Fraction(1, 10),
            ceiling=Fraction(maximum),
            width=12,
            seed=(team, assessment, criterion),
        )
        for evaluator, value in zip(evaluators(panel, size), values, strict=True):
            yield line(
                "submit-score",
                "nipa",
                stage=STAGE,
                team=team,
                criterion=f"{assessment}/{criterion}",
                evaluator=evaluator,
                points=one_decimal(value),
            )


def independence(team: str) -> Iterator[dict[str, Any]]:
    digest = hashlib.sha256(evidence_document(team).encode()).hexdigest()
    title = f"Illustrative technical report: {TEAMS[team][0]}"
    yield line("register-evidence", "nipa", stage=STAGE, team=team, kind="technical-report", sha256=digest, title=title)
    failed = team == "naver-cloud"
    findings = [
        {
            "perspective": perspective,
            "condition": condition,
            "verdict": "not_met" if failed and (perspective, condition) == ILLUSTRATIVE_FAILURE else "met",
        }
        for perspective, conditions in CONDITIONS.items()
        for condition in conditions
    ]
    yield line(
        "rule-independence",
        "msit",
        stage=STAGE,
        team=team,
        verdict="not_met" if failed else "met",
        perspectives=list(CONDITIONS),
        findings=findings,
        evidence=[digest],
        reason={
            "en": "Illustrative ruling of the rehearsal: the real findings were not reported.",
            "ko": "연습용 예시 판정입니다. 실제 판단 내용은 보도되지 않았습니다.",
        },
    )


def outcomes() -> Iterator[dict[str, Any]]:
    yield line(
        "record-deviation",
        "msit",
        stage=STAGE,
        subject="eliminations",
        actual="2",
        called="deviation",
        reason={
            "en": "Illustrative: one team leaves by rank and one of the four by its independence ruling.",
            "ko": "예시: 한 팀은 순위로, 상위 네 팀 가운데 한 팀은 독자성 판정으로 탈락합니다.",
        },
    )
    yield approval("deviation", "nipa")
    reasons = {
        "nc-ai": ("rank", "Illustrative: fifth of five.", "예시: 다섯 팀 가운데 다섯째입니다."),
        "naver-cloud": ("ruling", "Illustrative: ruled not independent.", "예시: 독자성 기준을 충족하지 못했습니다."),
    }
    for team, (basis, english, korean) in reasons.items():
        reason = {"en": english, "ko": korean}
        yield line("eliminate-team", "msit", stage=STAGE, team=team, basis=basis, reason=reason)
    for team in ("lg-ai-research", "sk-telecom", "upstage"):
        reason = {"en": "Illustrative: goes on to stage 2.", "ko": "예시: 2차 단계에 진출합니다."}
        yield line("advance-team", "msit", stage=STAGE, team=team, reason=reason)


def additional_call() -> Iterator[dict[str, Any]]:
    """Applicants of all three classes; a fictional one is selected. Of the others nothing is said but their class."""
    for team, (english, korean, eligible_class, reenters) in APPLICANTS.items():
        name = {"en": english, "ko": korean}
        application = {"call": CALL, "team": team, "name": name, "eligible_class": eligible_class, "members": [english]}
        yield own_line("apply-to-call", team, **application, **({"reenters": reenters} if reenters else {}))
    for team, (*_names, reenters) in APPLICANTS.items():
        admitted = {
            "en": "Illustrative: eligible, as a consortium that is no longer elite."
            if reenters
            else "Illustrative: eligible.",
            "ko": "예시: 정예팀이 아니게 된 컨소시엄으로서 자격이 있습니다." if reenters else "예시: 자격이 있습니다.",
        }
        yield line("screen-application", "msit", call=CALL, team=team, screening="admitted", reason=admitted)
    selected = {"en": "Illustrative: a fictional company is selected.", "ko": "예시: 가상의 기업을 선정합니다."}
    yield line("select-team", "msit", call=CALL, team=SELECTED, reason=selected)
    yield line("confer-title", "msit", team=SELECTED, title="K-AI company")


def resources() -> Iterator[dict[str, Any]]:
    period = {"starts": "2026-02-01", "ends": "2026-08-01"}
    yield line("set-resource-pool", "msit", resource="gpu", quantity="1024", **period)
    yield line("set-resource-pool", "msit", resource="data", **period)
    for team in ("lg-ai-research", "sk-telecom", "upstage", SELECTED):
        yield line("grant-resource", "msit", grant=f"gpu-{team}", team=team, resource="gpu", quantity="192", **period)
        yield line("grant-resource", "msit", grant=f"data-{team}", team=team, resource="data", **period)


def files() -> dict[str, str]:
    """What stands in the folder, by name."""
    evidence = {f"evidence/{team}.md": evidence_document(team) for team in TEAMS}
    return {"decisions.ndjson": lines.text(decisions()), **evidence}


if __name__ == "__main__":
    lines.write(FOLDER, files())
