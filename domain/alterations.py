"""Alterations of a stage's facts or rules, for *what if*: what they change, and what they unsettle of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal

import msgspec
from msgspec.structs import replace

from domain.maxima import reach
from domain.outcome_events import Verdict
from domain.points import decimal_text, known
from domain.record import Cell, Course, Metric, Statement, sheet_key
from domain.refusal import InvalidCommandError
from domain.rubric import TOTAL, Assessment, Criterion, Judged, Measured, Stage
from domain.scalars import Cut, Identifier, Number
from domain.score_events import DecimalText, GateOutcome, HighestOf, MeanOf, Node, PointsOf
from domain.scoring import require_decimal

Places = set[tuple[str, str]]
"""(team, node) of figures."""


class Altered(msgspec.Struct):
    """A stage's rules and facts as altered. `factors`: by which a criterion's points are multiplied, once weighed
    anew; `touched`: figures that are no longer what was certified of them; `reordered`: ranks are not, either."""

    stage: Stage
    course: Course
    cells: dict[tuple[str, str], Cell]
    factors: dict[str, Fraction] = msgspec.field(default_factory=dict)
    touched: Places = msgspec.field(default_factory=set)
    reordered: bool = False

    def touch(self, node: str, teams: Iterable[str] | None = None) -> None:
        """Figures at a criterion, its assessment and the total are others: of some teams, or of all."""
        nodes = {node, node.partition("/")[0], TOTAL}
        self.touched |= {(team, each) for team in teams or self.course.teams for each in nodes}

    def criterion(self, node: str, at: str) -> Criterion:
        criterion = self.stage.criterion(node)
        if criterion is None:
            raise unknown(at, "criterion", node, f"no criterion of {self.stage.id}")
        return criterion

    def team(self, team: str, at: str) -> str:
        if team not in self.course.teams:
            raise unknown(at, "team", team, f"not in the field of {self.stage.id}")
        return team

    def put(self, node: str, criterion: Criterion) -> None:
        """Another criterion in the place of the one at `node`."""
        self.stage = replace(
            self.stage,
            assessments=tuple(
                replace(a, criteria=tuple(criterion if f"{a.id}/{c.id}" == node else c for c in a.criteria))
                for a in self.stage.assessments
            ),
        )

    def standing_statements(self) -> list[Statement]:
        """Certified figures that the alterations leave as they were."""
        return [each for each in self.course.statements if self._stands(each)]

    def _stands(self, statement: Statement) -> bool:
        match statement.figure:
            case PointsOf(node=node, team=team):
                return (team, node) not in self.touched
            case HighestOf(node=node) | MeanOf(node=node):
                return all((team, node) not in self.touched for team in self.course.teams)
            case GateOutcome(gate=gate_id, team=team):
                gate = self.stage.gate(gate_id)
                return gate is not None and (team, gate.node) not in self.touched
            case _:
                return not (self.touched or self.reordered)


def unknown(at: str, field: str, value: str, why: str) -> InvalidCommandError:
    """The refusal of an alteration of what is not there. `at`: pointer to the alteration."""
    return InvalidCommandError(
        f"{field}: {value[:80]!r} is {why}",
        rule="An alteration is of something that the stage has.",
        pointer=f"{at}/{field}",
    )


class Alteration(msgspec.Struct, tag_field="change", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change of facts or rules. `apply` of each makes it, or raises `InvalidCommandError`; `at`: pointer to it."""


class WithoutEvaluator(Alteration, tag="without-evaluator", frozen=True, kw_only=True):
    """An evaluator's sheets do not count, on one `criterion` or on all of their panel; the quorum does not matter."""

    evaluator: str
    criterion: Node | None = None

    def apply(self, altered: Altered, at: str) -> None:
        course = altered.course
        panel = course.panel_of(self.evaluator)
        if panel is None:
            raise unknown(at, "evaluator", self.evaluator, "on no panel of the stage")
        if self.criterion is not None:
            altered.criterion(self.criterion, at)
        excluded, below = dict(course.excluded), set(course.below_quorum)
        judged = [
            node
            for node, criterion in altered.stage.criteria()
            if isinstance(criterion.scoring, Judged)
            and criterion.scoring.panel == panel
            and self.criterion in (None, node)
        ]
        if not judged:
            raise unknown(at, "criterion", self.criterion or "", f"not judged by the panel {panel}")
        for node in judged:
            for place in (f"{team}/{node}" for team in course.teams):
                excluded[place] = [*excluded.get(place, ()), self.evaluator]
                below.add(place)
            altered.touch(node)
        altered.course = replace(course, excluded=excluded, below_quorum=sorted(below))


class WithoutBenchmark(Alteration, tag="without-benchmark", frozen=True, kw_only=True):
    """A benchmark is none of the criterion's."""

    criterion: Node
    benchmark: str

    def apply(self, altered: Altered, at: str) -> None:
        criterion = altered.criterion(self.criterion, at)
        scoring = criterion.scoring
        if not isinstance(scoring, Measured) or self.benchmark not in {each.id for each in scoring.benchmarks}:
            raise unknown(at, "benchmark", self.benchmark, f"no benchmark of {self.criterion}")
        left = tuple(each for each in scoring.benchmarks if each.id != self.benchmark)
        if not left:
            raise unknown(at, "benchmark", self.benchmark, f"the only benchmark of {self.criterion}: weigh that as 0")
        altered.put(self.criterion, replace(criterion, scoring=replace(scoring, benchmarks=left)))
        altered.touch(self.criterion)


class AnotherScore(Alteration, tag="score", frozen=True, kw_only=True):
    """An evaluator had given other `points`, or none, to a team on a criterion, or on an `item` of it."""

    team: Identifier
    criterion: Node
    evaluator: str
    points: DecimalText | None
    item: Identifier | None = None

    def apply(self, altered: Altered, at: str) -> None:
        judged = isinstance(altered.criterion(self.criterion, at).scoring, Judged)
        key, place = sheet_key(self.evaluator, self.item), (altered.team(self.team, at), self.criterion)
        cell = altered.cells.get(place, Cell())
        if key not in cell.sheets:
            raise unknown(at, "evaluator", self.evaluator, f"without a score for {self.team} on {self.criterion}")
        sheets = {each: points for each, points in cell.sheets.items() if each != key}
        if self.points is not None:
            most = reach(altered.stage, self.criterion if self.item is None else f"{self.criterion}/{self.item}")
            require_decimal(self.points, f"{at[1:]}/points", decimals=altered.stage.decimals, maximum=most)
            sheets[key] = self.points
        altered.cells[place] = Cell(sheets=sheets, metrics=cell.metrics)
        if self.points is None:
            course, where = altered.course, f"{self.team}/{self.criterion}"
            out = [*course.excluded.get(where, ()), self.evaluator]
            altered.course = replace(
                course,
                excluded={**course.excluded, where: out},
                below_quorum=sorted({*course.below_quorum, where}),
            )
        _touch_field(altered, self.criterion, self.team, judged)


class AnotherMeasurement(Alteration, tag="measurement", frozen=True, kw_only=True):
    """Another raw metric had been measured of a team."""

    team: Identifier
    criterion: Node
    benchmark: str
    value: DecimalText

    def apply(self, altered: Altered, at: str) -> None:
        altered.criterion(self.criterion, at)
        place = (altered.team(self.team, at), self.criterion)
        cell = altered.cells.get(place, Cell())
        before = cell.metrics.get(self.benchmark)
        if before is None:
            raise unknown(at, "benchmark", self.benchmark, f"not measured of {self.team} on {self.criterion}")
        require_decimal(self.value, f"{at[1:]}/value")
        metric = Metric(self.value, before.target)
        altered.cells[place] = Cell(sheets=cell.sheets, metrics={**cell.metrics, self.benchmark: metric})
        _touch_field(altered, self.criterion, self.team, judged=False)


class AnotherWeight(Alteration, tag="weight", frozen=True, kw_only=True):
    """A criterion, or an assessment, had another maximum: its points count in proportion, and so does the total."""

    node: Node
    maximum: DecimalText

    def apply(self, altered: Altered, at: str) -> None:
        new = require_decimal(self.maximum, f"{at[1:]}/maximum")
        stage = altered.stage
        weighed = [node for node, _criterion in stage.criteria() if self.node in (node, node.partition("/")[0])]
        if not weighed or (old := known(stage.nodes()[self.node])) is None or not old:
            raise unknown(at, "node", self.node, "no criterion or assessment of a known maximum above 0")
        for node in {self.node, *weighed}:
            altered.factors[node] = altered.factors.get(node, Fraction(1)) * new / old
            altered.touch(node)
        altered.reordered = True


class AnotherAggregate(Alteration, tag="aggregate", frozen=True, kw_only=True):
    """The sheets of a judged criterion were put together in another way."""

    criterion: Node
    aggregate: Literal["mean", "median", "trimmed-mean"]
    trim: Number | None = None
    normalise: Literal["none", "z-score", "min-max"] | None = None

    def apply(self, altered: Altered, at: str) -> None:
        criterion = altered.criterion(self.criterion, at)
        scoring = criterion.scoring
        if not isinstance(scoring, Judged):
            raise unknown(at, "criterion", self.criterion, "not judged by a panel")
        if (self.aggregate == "trimmed-mean") != (self.trim is not None):
            raise InvalidCommandError(
                "trim: how many sheets a trimmed mean leaves out at either end, and nothing else does",
                rule="A trimmed mean says how much is trimmed.",
                pointer=f"{at}/trim",
            )
        changed = replace(
            scoring, aggregate=self.aggregate, trim=self.trim, normalise=self.normalise or scoring.normalise
        )
        altered.put(self.criterion, replace(criterion, scoring=changed))
        altered.touch(self.criterion)


class AnotherCut(Alteration, tag="cut", frozen=True, kw_only=True):
    """Another number of teams were to leave; a deviation from the plan that was recorded is not regarded."""

    eliminate: Cut

    def apply(self, altered: Altered, at: str) -> None:
        altered.stage = replace(altered.stage, eliminate=self.eliminate)
        altered.course = replace(altered.course, deviation=None)


class AnotherGate(Alteration, tag="gate", frozen=True, kw_only=True):
    """A threshold lay elsewhere; what is certified of teams at it does not count."""

    gate: Identifier
    minimum: DecimalText

    def apply(self, altered: Altered, at: str) -> None:
        if altered.stage.gate(self.gate) is None:
            raise unknown(at, "gate", self.gate, f"no gate of {altered.stage.id}")
        require_decimal(self.minimum, f"{at[1:]}/minimum")
        altered.stage = replace(
            altered.stage,
            gates=tuple(
                replace(each, minimum=self.minimum) if each.id == self.gate else each for each in altered.stage.gates
            ),
        )
        kept = [
            each
            for each in altered.course.statements
            if not (isinstance(each.figure, GateOutcome) and each.figure.gate == self.gate)
        ]
        altered.course = replace(altered.course, statements=kept)


class AnotherTieBreak(Alteration, tag="tie-break", frozen=True, kw_only=True):
    """Equal totals were told apart by other nodes, one after the other, or by none."""

    nodes: tuple[Node, ...]

    def apply(self, altered: Altered, at: str) -> None:
        known_nodes = altered.stage.nodes()
        for index, node in enumerate(self.nodes):
            if node not in known_nodes:
                raise unknown(at, f"nodes/{index}", node, f"no node of {altered.stage.id}")
        altered.stage = replace(altered.stage, tie_break=self.nodes)
        altered.reordered = True


class AnotherVerdict(Alteration, tag="verdict", frozen=True, kw_only=True):
    """A team had been ruled independent, or not."""

    team: Identifier
    verdict: Verdict

    def apply(self, altered: Altered, at: str) -> None:
        rulings = {**altered.course.rulings, altered.team(self.team, at): self.verdict}
        altered.course = replace(altered.course, rulings=rulings)


AnyAlteration = (
    WithoutEvaluator
    | WithoutBenchmark
    | AnotherScore
    | AnotherMeasurement
    | AnotherWeight
    | AnotherAggregate
    | AnotherCut
    | AnotherGate
    | AnotherTieBreak
    | AnotherVerdict
)


def altered_by(
    stage: Stage, course: Course, cells: Mapping[tuple[str, str], Cell], alterations: Iterable[AnyAlteration]
) -> Altered:
    """Rules and facts once every alteration is made, in order; what is given stays as it is.

    Raises `InvalidCommandError`, whose pointer begins at `/alterations`.
    """
    altered = Altered(stage, course, dict(cells))
    for index, each in enumerate(alterations):
        each.apply(altered, f"/alterations/{index}")
    return altered


def weighed(stage: Stage, factors: Mapping[str, Fraction]) -> Stage:
    """The rubric with nodes weighed anew, and with the maxima of assessments and total that follow."""
    if not factors:
        return stage
    assessments = []
    for assessment in stage.assessments:
        criteria = tuple(
            replace(each, maximum=_times(each.maximum, factors.get(f"{assessment.id}/{each.id}")))
            for each in assessment.criteria
        )
        own = _times(assessment.maximum, factors.get(assessment.id))
        assessments.append(replace(assessment, criteria=criteria, maximum=_together(criteria, own)))
    return replace(stage, assessments=tuple(assessments), maximum=_together(assessments, stage.maximum))


def _together(parts: Sequence[Criterion | Assessment], otherwise: str) -> str:
    """What the maxima of parts come to; `otherwise` where one is not known."""
    maxima = [known(each.maximum) for each in parts]
    found = [each for each in maxima if each is not None]
    return _text(sum(found, Fraction(0))) if len(found) == len(maxima) else otherwise


def _times(maximum: str, factor: Fraction | None) -> str:
    value = known(maximum)
    return maximum if value is None or factor is None else _text(value * factor)


def _text(value: Fraction) -> str:
    """Rounded up at the last decimal that is read, so that no points lie above."""
    return decimal_text(Fraction(-(-value.numerator * 10**12 // value.denominator), 10**12))


def _touch_field(altered: Altered, node: str, team: str, judged: bool) -> None:
    """One team's figures are others, or everybody's where each is scored in comparison with the field."""
    scoring = altered.criterion(node, "").scoring
    compared = (
        isinstance(scoring, Judged) and scoring.normalise != "none"
        if judged
        else isinstance(scoring, Measured) and scoring.conversion == "relative-to-best"
    )
    altered.touch(node, None if compared else [team])
