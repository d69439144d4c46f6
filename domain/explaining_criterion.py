"""Why a criterion that is scored has its points: how it is scored, and each sheet and measurement."""

from __future__ import annotations

from domain.explained import Explained
from domain.explaining_measured import measured_reasons
from domain.explaining_sheets import sheet_reasons
from domain.points import UNDISCLOSED, is_known
from domain.reasons import AppliedRule, Reason, reason, say, sentences
from domain.rubric import Criterion, Judged, Measured, Stage
from domain.sentences import Words


def rests_on_the_field(stage: Stage) -> bool:
    """Whether a team's points follow from what other teams were given, too."""
    return any(
        (isinstance(each.scoring, Judged) and each.scoring.normalise != "none")
        or (isinstance(each.scoring, Measured) and each.scoring.conversion == "relative-to-best")
        for _node, each in stage.criteria()
    )


def scored_reasons(of: Explained, node: str, criterion: Criterion) -> list[Reason]:
    """What the points of a criterion follow from, where they were scored."""
    computed = (of.team, node) in of.found.computed
    match criterion.scoring:
        case Judged() as judged:
            found = sheet_reasons(of, node, criterion, judged, computed=computed)
        case Measured() as measured:
            found = measured_reasons(of, node, criterion, measured, computed=computed)
        case _:
            return []
    if computed or of.course.statements:
        return found
    lacking = say(
        "Nothing is computed: not all that the charter asks for is there.",
        "헌장이 요구하는 것이 모두 있지는 않아 점수를 계산하지 않는다.",
    )
    return [reason("missing", lacking), *found]


def how_scored(of: Explained, criterion: Criterion) -> AppliedRule:
    """The charter's rule in words."""
    match criterion.scoring:
        case Judged() as judged:
            text = _judged(of, judged)
        case Measured() as measured:
            text = _measured(criterion, measured)
        case _:
            text = say("How it is scored is undisclosed.", "채점 방법은 비공개이다.")
    return of.rule("{text}", "{text}", text=text)


def _judged(of: Explained, judged: Judged) -> Words:
    panel = of.named("panel", judged.panel)
    en, ko = _AGGREGATES[judged.aggregate]
    parts = [say(en, ko, panel=panel, trim=judged.trim or "")]
    if judged.normalise != "none":
        parts.insert(0, say(*_SCALES[judged.normalise]))
    if judged.missing != "required":
        parts.append(say(*_MISSING[judged.missing]))
    return sentences(*parts, _rounding(of.stage))


_AGGREGATES = {
    "mean": ("The points are the mean of the sheets of the panel “{panel}”.", "{panel}의 채점표를 평균한다."),
    "median": ("The points are the median of the sheets of the panel “{panel}”.", "{panel}의 채점표의 중앙값이다."),
    "trimmed-mean": (
        "The points are the mean of the sheets of the panel “{panel}”, without the {trim} lowest and the {trim} "
        "highest.",
        "{panel}의 채점표에서 가장 낮은 {trim}건과 가장 높은 {trim}건을 빼고 평균한다.",
    ),
    "weighted-mean": (
        "The points are the mean of the sheets of the panel “{panel}”, each weighed as its evaluator's group.",
        "{panel}의 채점표를 평가위원이 속한 집단의 가중치로 가중 평균한다.",
    ),
    UNDISCLOSED: (
        "The panel “{panel}” gives points; how its sheets are combined is undisclosed.",
        "{panel}이(가) 채점한다. 채점표를 합치는 방법은 비공개이다.",
    ),
}
_SCALES = {
    "z-score": (
        "Each evaluator's sheets are first brought to the mean and the spread (standard deviation) of all sheets.",
        "먼저 평가위원마다 채점표를 전체 채점표의 평균과 표준편차에 맞춘다.",
    ),
    "min-max": (
        "Each evaluator's sheets are first stretched so that their lowest is 0 and their highest the maximum.",
        "먼저 평가위원마다 가장 낮은 점수를 0점, 가장 높은 점수를 만점으로 맞춘다.",
    ),
}
_MISSING = {
    "left-out": ("What is missing is left out.", "빠진 것은 제외한다."),
    "zero": ("What is missing counts as 0.", "빠진 것은 0점으로 한다."),
}


def _measured(criterion: Criterion, measured: Measured) -> Words:
    en, ko = _CONVERSIONS[measured.conversion]
    parts = [say(en, ko, maximum=criterion.maximum, number=len(measured.benchmarks))]
    if measured.missing != "required":
        parts.append(say(*_MISSING[measured.missing]))
    return sentences(*parts)


_CONVERSIONS = {
    "mean-of-percentages": (
        "The points are {maximum} times the mean of {number} percentages.",
        "백분율 {number}개의 평균에 {maximum}점을 곱한다.",
    ),
    "capped-ratios": (
        "The points are {maximum} times the mean of {number} ratios: the team's value divided by that of the model it "
        "compares itself with, at most 1.",
        "비율 {number}개의 평균에 {maximum}점을 곱한다. 비율은 팀의 값을 비교 대상 모델의 값으로 나눈 것이며 "
        "최대 1이다.",
    ),
    "linear": (
        "The points are {maximum} times the mean over {number} benchmarks of where the value lies between floor (0) "
        "and ceiling (1).",
        "벤치마크 {number}개에서 값이 하한(0)과 상한(1) 사이 어디에 있는지를 평균하여 {maximum}점을 곱한다.",
    ),
    "relative-to-best": (
        "The points are {maximum} times the mean over {number} benchmarks of the team's value divided by the best of "
        "all teams.",
        "벤치마크 {number}개에서 팀의 값을 전체 팀의 최고값으로 나눈 것을 평균하여 {maximum}점을 곱한다.",
    ),
    UNDISCLOSED: (
        "It is measured; how a measurement becomes points is undisclosed.",
        "측정값으로 채점한다. 측정값을 점수로 바꾸는 방법은 비공개이다.",
    ),
}


def _rounding(stage: Stage) -> Words:
    if not is_known(stage.precision) or not is_known(stage.rounding):
        return say("How it is rounded is undisclosed.", "반올림 방법은 비공개이다.")
    en, ko = _ROUNDINGS[stage.rounding]
    return say(
        f"Rounded once, to {{decimals}} decimal{'' if stage.precision == '1' else 's'}, {en}.",
        f"소수점 아래 {{decimals}}자리에서 한 번 {ko}.",
        decimals=stage.precision,
    )


_ROUNDINGS = {
    "half-up": ("halves up", "반올림한다"),
    "half-even": ("halves to the even digit", "반올림한다(5는 짝수 쪽으로)"),
    "half-down": ("halves down", "반올림한다(5는 버림)"),
    "down": ("always down", "버림한다"),
    "up": ("always up", "올림한다"),
}
