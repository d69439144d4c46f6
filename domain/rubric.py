"""The rubric of a stage as the charter has it: assessments, criteria and how they are scored, panels, gates, the cut.

`undisclosed` may stand where the record does not know a maximum, threshold, aggregator, precision or index.
"""

from __future__ import annotations

import functools
from typing import Literal

from domain.points import UNDISCLOSED, is_known
from domain.scalars import Cut, Days, Identifier, Names, Number, Part, Points, Precision, Quorum, Sha256, Text

TOTAL = "total"

Missing = Literal["required", "left-out", "zero"]
"""What a score that is missing when scoring closes does: `required`, nothing is computed without it; `left-out`, the
others count; `zero`, it counts as nothing. While scoring is open, a missing score is missing."""


class Benchmark(Part, frozen=True, kw_only=True):
    """`harness`: SHA-256 (hex) of what measures it. `floor`, `ceiling`: for `linear`, where its own differ."""

    id: Identifier
    version: Text
    harness: Sha256 | None = None
    floor: Points | None = None
    ceiling: Points | None = None


class Judged(Part, tag="judged", frozen=True, kw_only=True):
    """Points given by a panel, one sheet an evaluator, aggregated.

    `trimmed-mean`: without the `trim` lowest and the `trim` highest sheets. `weighted-mean`: each sheet weighs as the
    group of its evaluator. `normalise`: each evaluator's sheets over the field are first brought to a common scale, by
    `z-score` to mean and standard deviation of all sheets, by `min-max` to 0 … maximum; then clipped to 0 … maximum.
    """

    panel: Identifier
    aggregate: Literal["mean", "median", "trimmed-mean", "weighted-mean", "undisclosed"]
    trim: Number | None = None
    normalise: Literal["none", "z-score", "min-max"] = "none"
    missing: Missing = "required"


class Measured(Part, tag="measured", frozen=True, kw_only=True):
    """Points computed from raw metrics: maximum × mean over the benchmarks of a share between 0 and 1.

    `mean-of-percentages`: value / 100. `capped-ratios`: value / target, at most 1, the target being the team's own.
    `linear`: 0 at `floor`, 1 at `ceiling`, and lower is better where the floor is the greater. `relative-to-best`:
    value / best value of the field.
    """

    conversion: Literal["mean-of-percentages", "capped-ratios", "linear", "relative-to-best", "undisclosed"]
    benchmarks: tuple[Benchmark, ...]
    floor: Points | None = None
    ceiling: Points | None = None
    missing: Missing = "required"

    def span(self, benchmark: Benchmark) -> tuple[str | None, str | None]:
        """Floor and ceiling of a benchmark: its own, else the criterion's."""
        floor = self.floor if benchmark.floor is None else benchmark.floor
        return floor, self.ceiling if benchmark.ceiling is None else benchmark.ceiling


class Unpublished(Part, tag="undisclosed", frozen=True, kw_only=True):
    """How the criterion is scored was not published; its points can only be certified."""


Scoring = Judged | Measured | Unpublished


class Item(Part, frozen=True, kw_only=True):
    """A line of an evaluator's sheet."""

    id: Identifier
    title: Names
    maximum: Points


class Criterion(Part, frozen=True, kw_only=True):
    """`items`: what an evaluator scores one by one; their sheet is the sum."""

    id: Identifier
    title: Names
    maximum: Points
    scoring: Scoring
    index: str = UNDISCLOSED
    items: tuple[Item, ...] = ()

    def item(self, item_id: str) -> Item | None:
        return next((item for item in self.items if item.id == item_id), None)


class Assessment(Part, frozen=True, kw_only=True):
    id: Identifier
    title: Names
    maximum: Points
    criteria: tuple[Criterion, ...]


class Gate(Part, frozen=True, kw_only=True):
    """A threshold apart from the score: a node of the rubric must reach `minimum`."""

    id: Identifier
    node: Text
    minimum: Points


class Group(Part, frozen=True, kw_only=True):
    """Evaluators of a panel whose sheets weigh alike."""

    id: Identifier
    title: Names
    weight: Points


class Panel(Part, frozen=True, kw_only=True):
    """`groups`: if there are any, each evaluator is appointed to one. `replacement`: whether the place of one who is
    recused may be given to another."""

    id: Identifier
    title: Names
    size: Number
    quorum: Quorum
    groups: tuple[Group, ...] = ()
    replacement: Literal["allowed", "none"] = "allowed"

    @property
    def replaces(self) -> bool:
        return self.replacement == "allowed"

    def group(self, group_id: str) -> Group | None:
        return next((group for group in self.groups if group.id == group_id), None)


class Index(Part, frozen=True, kw_only=True):
    """Criteria summed across assessments; which criteria count is said by each criterion's `index`."""

    id: Identifier
    title: Names


class ObjectionWindow(Part, frozen=True, kw_only=True):
    """How long a team may object: whole days after the day of publication, on the programme's clock.

    `counts_from`: by `service` they are counted for each team from the day on which it is on record that it was told of
    the results (`domain.serving`), or from `deemed_days` after publication, if that is sooner.
    """

    days: Days
    counts_from: Literal["publication", "service"] = "publication"
    deemed_days: Days = "0"


class Calendar(Part, frozen=True, kw_only=True):
    """First and last day of a stage as planned (YYYY-MM-DD, or undisclosed); the record says what happened when."""

    opens: Text
    closes: Text


class Stage(Part, frozen=True, kw_only=True, dict=True):
    """One stage. `precision`: decimals of sheets and of criterion points. `eliminate`: the planned cut, or `none`.

    `objections`: with a window nothing follows the stage before it is finalised.
    """

    id: Identifier
    title: Names
    maximum: Points
    precision: Precision
    rounding: Literal["half-up", "half-even", "half-down", "down", "up", "undisclosed"]
    assessments: tuple[Assessment, ...]
    panels: tuple[Panel, ...] = ()
    gates: tuple[Gate, ...] = ()
    indices: tuple[Index, ...] = ()
    eliminate: Cut
    tie_break: tuple[str, ...] = ()
    objections: ObjectionWindow | None = None
    calendar: Calendar | None = None

    def criteria(self) -> list[tuple[str, Criterion]]:
        """Every criterion by its node, `assessment/criterion`."""
        return [(f"{a.id}/{c.id}", c) for a in self.assessments for c in a.criteria]

    def criterion(self, node: str) -> Criterion | None:
        """The criterion at `assessment/criterion`, if there is one."""
        return self._by_node.get(node)

    @functools.cached_property
    def _by_node(self) -> dict[str, Criterion]:
        return dict(reversed(self.criteria()))

    def nodes(self) -> dict[str, str]:
        """Every node of the rubric with its maximum: `total`, assessments, `assessment/criterion`."""
        found = {TOTAL: self.maximum}
        for assessment in self.assessments:
            found[assessment.id] = assessment.maximum
            for criterion in assessment.criteria:
                found[f"{assessment.id}/{criterion.id}"] = criterion.maximum
        return found

    def panel(self, panel_id: str) -> Panel | None:
        return next((panel for panel in self.panels if panel.id == panel_id), None)

    def gate(self, gate_id: str) -> Gate | None:
        return next((gate for gate in self.gates if gate.id == gate_id), None)

    @property
    def decimals(self) -> int | None:
        return int(self.precision) if is_known(self.precision) else None

    @property
    def cut(self) -> int | None:
        """How many teams the plan drops; `None` where no cut is planned."""
        return None if self.eliminate == "none" else int(self.eliminate)
