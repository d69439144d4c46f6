"""The charter document: the rules of a programme as data. Every scalar is a string.

`undisclosed` may stand where the record does not know a maximum, threshold, aggregator, precision or index.
What makes a document contradict itself is in `domain.charter_faults`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Container
from typing import Annotated, Any, Literal

import msgspec
import rfc8785

from domain.boundary import IDENTIFIER, whole
from domain.deadlines import Zone
from domain.envelope import DataSet
from domain.points import UNDISCLOSED, is_known

FORMAT = "sillok-charter/1"
TOTAL = "total"

Identifier = Annotated[
    str,
    whole(IDENTIFIER, max_length=64),
    msgspec.Meta(description="a name of 1 to 64 lower-case letters, digits, dots and hyphens"),
]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000, description="a text of 1 to 4000 characters")]
Number = Annotated[str, whole("0|[1-9][0-9]{0,8}"), msgspec.Meta(description="a whole number from 0 to 999999999")]
Days = Annotated[
    str,
    whole("0|[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650"),
    msgspec.Meta(description="a whole number of days from 0 to 3650"),
]
Cut = Annotated[
    str,
    whole("none|0|[1-9][0-9]{0,8}"),
    msgspec.Meta(description="a whole number from 0 to 999999999 of teams that are dropped, or none"),
]
Precision = Annotated[
    str, whole("[0-6]|undisclosed"), msgspec.Meta(description="a number of decimals from 0 to 6, or undisclosed")
]
Quorum = Annotated[
    str, whole("[1-9][0-9]{0,8}|undisclosed"), msgspec.Meta(description="a whole number of 1 or more, or undisclosed")
]
Points = Annotated[
    str, msgspec.Meta(max_length=40, description="a decimal of at most 40 characters, such as 12.5, or undisclosed")
]
Digest = Annotated[
    str, whole("[0-9a-f]{64}"), msgspec.Meta(description="a SHA-256 as 64 hexadecimal digits in lower case")
]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Names(_Part, frozen=True, kw_only=True):
    """A name in both languages of the programme."""

    en: Text
    ko: Text


class Agency(_Part, frozen=True, kw_only=True):
    id: Identifier
    name: Names


class Mandate(_Part, frozen=True, kw_only=True):
    """Agencies that may make these decisions."""

    decisions: tuple[Identifier, ...]
    agencies: tuple[Identifier, ...]


class Countersignature(_Part, frozen=True, kw_only=True):
    """Decisions that take effect once one of `agencies` has approved them.

    Never the same person twice; `same_agency`: whether the proposer's own agency may approve. `when`: always, or only
    `after-close`, when the decision itself asks for it: a correction after scoring closed, what is entered in a
    reopened stage, an amendment of the charter after a stage was opened.
    """

    decisions: tuple[Identifier, ...]
    agencies: tuple[Identifier, ...]
    same_agency: Literal["yes", "no"] = "no"
    when: Literal["always", "after-close"] = "always"


Missing = Literal["required", "left-out", "zero"]
"""What a score that is missing when scoring closes does: `required`, nothing is computed without it; `left-out`, the
others count; `zero`, it counts as nothing. While scoring is open, a missing score is missing."""


class Benchmark(_Part, frozen=True, kw_only=True):
    """`harness`: SHA-256 (hex) of what measures it. `floor`, `ceiling`: for `linear`, where its own differ."""

    id: Identifier
    version: Text
    harness: Digest | None = None
    floor: Points | None = None
    ceiling: Points | None = None


class Judged(_Part, tag="judged", frozen=True, kw_only=True):
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


class Measured(_Part, tag="measured", frozen=True, kw_only=True):
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


class Unpublished(_Part, tag="undisclosed", frozen=True, kw_only=True):
    """How the criterion is scored was not published; its points can only be certified."""


Scoring = Judged | Measured | Unpublished


class Item(_Part, frozen=True, kw_only=True):
    """A line of an evaluator's sheet."""

    id: Identifier
    title: Names
    maximum: Points


class Criterion(_Part, frozen=True, kw_only=True):
    """`items`: what an evaluator scores one by one; their sheet is the sum."""

    id: Identifier
    title: Names
    maximum: Points
    scoring: Scoring
    index: str = UNDISCLOSED
    items: tuple[Item, ...] = ()

    def item(self, item_id: str) -> Item | None:
        return next((item for item in self.items if item.id == item_id), None)


class Assessment(_Part, frozen=True, kw_only=True):
    id: Identifier
    title: Names
    maximum: Points
    criteria: tuple[Criterion, ...]


class Gate(_Part, frozen=True, kw_only=True):
    """A threshold apart from the score: a node of the rubric must reach `minimum`."""

    id: Identifier
    node: Text
    minimum: Points


class Group(_Part, frozen=True, kw_only=True):
    """Evaluators of a panel whose sheets weigh alike."""

    id: Identifier
    title: Names
    weight: Points


class Panel(_Part, frozen=True, kw_only=True):
    """`groups`: if there are any, each evaluator is appointed to one. `replacement`: whether the place of one who is
    recused may be given to another."""

    id: Identifier
    title: Names
    size: Number
    quorum: Quorum
    groups: tuple[Group, ...] = ()
    replacement: Literal["allowed", "none"] = "allowed"

    def group(self, group_id: str) -> Group | None:
        return next((group for group in self.groups if group.id == group_id), None)


class Index(_Part, frozen=True, kw_only=True):
    """Criteria summed across assessments; which criteria count is said by each criterion's `index`."""

    id: Identifier
    title: Names


class ObjectionWindow(_Part, frozen=True, kw_only=True):
    """How long a team may object: whole days after the day of publication, on the programme's clock."""

    days: Days


class Calendar(_Part, frozen=True, kw_only=True):
    """First and last day of a stage as planned (YYYY-MM-DD, or undisclosed); the record says what happened when."""

    opens: Text
    closes: Text


class Stage(_Part, frozen=True, kw_only=True):
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
        assessment_id, _, criterion_id = node.partition("/")
        for assessment in self.assessments:
            if assessment.id == assessment_id:
                for criterion in assessment.criteria:
                    if criterion.id == criterion_id:
                        return criterion
        return None

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


class Condition(_Part, frozen=True, kw_only=True):
    """`mandatory`: `undisclosed` in a public record that does not show it; then nothing follows from it."""

    id: Identifier
    text: Names
    mandatory: Literal["yes", "no", "undisclosed"]


class Perspective(_Part, frozen=True, kw_only=True):
    """`requires`: that `all` its mandatory conditions are met, or `any` of them."""

    id: Identifier
    title: Names
    conditions: tuple[Condition, ...]
    requires: Literal["all", "any"] = "all"

    def failed(self, not_met: Container[tuple[str, str]]) -> list[str]:
        """The mandatory conditions, by id, that keep the perspective from being met; `not_met`: see `conditions`."""
        failed = [each.id for each in self.conditions if each.mandatory == "yes" and (self.id, each.id) in not_met]
        may_decide = sum(each.mandatory != "no" for each in self.conditions)
        return failed if self.requires == "all" or len(failed) == may_decide else []


class IndependenceReview(_Part, frozen=True, kw_only=True):
    """What precedes a ruling: the team is heard. `statement_days`: how many whole days it has to answer.

    `panel`: of every stage, whose opinions a ruling waits for, as many as its quorum; none: nobody's.
    """

    statement_days: Days
    panel: Identifier | None = None


class Independence(_Part, frozen=True, kw_only=True):
    """`review`: none, if a ruling needs no hearing."""

    perspectives: tuple[Perspective, ...]
    review: IndependenceReview | None = None

    def conditions(self) -> dict[tuple[str, str], Condition]:
        """Every condition by (perspective, condition)."""
        return {(p.id, c.id): c for p in self.perspectives for c in p.conditions}


class Resource(_Part, frozen=True, kw_only=True):
    """`count`: so many units at any instant. `access`: a right, uncounted."""

    id: Identifier
    title: Names
    kind: Literal["count", "access"]
    unit: Text | None = None


class Entitlement(_Part, frozen=True, kw_only=True):
    """What a team of this status may be granted."""

    status: Literal["enrolled", "advanced", "selected"]
    resources: tuple[Identifier, ...] = ()
    titles: tuple[Text, ...] = ()


class EligibleClass(_Part, frozen=True, kw_only=True):
    """Who may apply. `requires`: that the applicant was, or was not, a team of the programme before."""

    id: Identifier
    title: Names
    requires: Literal["none", "former-team", "not-former-team"] = "none"


class AdditionalCall(_Part, frozen=True, kw_only=True):
    """A call that fills vacant seats after a stage. `closes`: the last day to apply (YYYY-MM-DD), or undisclosed.

    `review`: whose independence must be found met before they are selected: every applicant's, or re-entrants' only.
    """

    id: Identifier
    title: Names
    after: Identifier
    seats: Number
    closes: Text
    review: Literal["required", "re-entrants"] = "re-entrants"
    classes: tuple[EligibleClass, ...]


class Disclosure(_Part, frozen=True, kw_only=True):
    """From which moment the public may read the data of these event types; `agencies`: never."""

    events: tuple[Text, ...]
    public: Literal["at-once", "with-results", "agencies"]


class NoticeTemplate(_Part, frozen=True, kw_only=True):
    """What teams of a status are told. `{variable}` in `title` and `body` stands for a declared variable's value.

    `acknowledge_days`: within how many days the addressee acknowledges it.
    """

    id: Identifier
    title: Names
    body: Names
    variables: tuple[Identifier, ...] = ()
    recipients: tuple[Literal["enrolled", "advanced", "selected", "eliminated", "withdrawn"], ...]
    acknowledge_days: Days


class Charter(_Part, frozen=True, kw_only=True):
    """A programme's rules. `recorder`: who enters what others decided; only in a public record.

    `consortium_decisions`: what a consortium may decide about itself. `zone`: the clock that deadlines run by.
    `proposal_days`: how long a proposal can be approved.
    """

    format: Literal["sillok-charter/1"]
    programme: Identifier
    title: Names
    data_set: DataSet
    notice: Names
    source: Text | None = None
    owner: Identifier
    recorder: Identifier | None = None
    agencies: tuple[Agency, ...]
    mandates: tuple[Mandate, ...]
    consortium_decisions: tuple[Identifier, ...] = ()
    countersignatures: tuple[Countersignature, ...] = ()
    proposal_days: Days = "30"
    zone: Zone = "Asia/Seoul"
    seats: Number
    joint_publishers: tuple[Identifier, ...]
    stages: tuple[Stage, ...]
    independence: Independence
    evidence_kinds: tuple[Identifier, ...] = ()
    calls: tuple[AdditionalCall, ...] = ()
    resources: tuple[Resource, ...] = ()
    entitlements: tuple[Entitlement, ...] = ()
    disclosure: tuple[Disclosure, ...] = ()
    notices: tuple[NoticeTemplate, ...] = ()

    def stage(self, stage_id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def call(self, call_id: str) -> AdditionalCall | None:
        return next((call for call in self.calls if call.id == call_id), None)

    def resource(self, resource_id: str) -> Resource | None:
        return next((resource for resource in self.resources if resource.id == resource_id), None)

    def notice_template(self, template_id: str) -> NoticeTemplate | None:
        return next((notice for notice in self.notices if notice.id == template_id), None)

    def may(self, agency: str, decision: str) -> bool:
        return any(decision in m.decisions and agency in m.agencies for m in self.mandates)

    def countersigners(self, decision: str, proposer: str) -> tuple[str, ...]:
        """The agencies one of which must approve a decision of `proposer`; none if it needs no second one."""
        return tuple(
            dict.fromkeys(
                agency
                for each in self.countersignatures
                if decision in each.decisions
                for agency in each.agencies
                if agency != proposer or each.same_agency == "yes"
            )
        )

    def countersigned(self, decision: str) -> bool:
        """Whether the charter asks for a second agency's approval of every such decision."""
        return any(decision in each.decisions and each.when == "always" for each in self.countersignatures)


def canonical(document: object) -> bytes:
    """RFC 8785 bytes of a charter document; their SHA-256 (hex) is the rules hash."""
    return rfc8785.dumps(_as_json(document))


def rules_hash(canonical_bytes: bytes) -> str:
    return hashlib.sha256(canonical_bytes).hexdigest()


@functools.lru_cache(maxsize=64)
def parse(canonical_bytes: bytes) -> Charter:
    """A charter from its canonical bytes. Raises `msgspec.ValidationError` with the place of the first bad field."""
    return msgspec.json.decode(canonical_bytes, type=Charter)


def _as_json(document: object) -> Any:
    return msgspec.to_builtins(document)
