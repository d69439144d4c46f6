"""The charter document: the rules of a programme as data. Every scalar is a string.

`undisclosed` may stand where the record does not know a maximum, threshold, aggregator, precision or index.
What makes a document contradict itself is in `domain.charter_faults`.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Annotated, Any, Literal

import msgspec
import rfc8785

from domain.boundary import IDENTIFIER
from domain.deadlines import Zone
from domain.envelope import DataSet
from domain.points import UNDISCLOSED, is_known

FORMAT = "sillok-charter/1"
TOTAL = "total"

Identifier = Annotated[str, msgspec.Meta(pattern=f"^{IDENTIFIER}$", max_length=64)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
Number = Annotated[str, msgspec.Meta(pattern="^(0|[1-9][0-9]{0,8})$")]
"""A whole number as a string."""
Points = Annotated[str, msgspec.Meta(max_length=40)]
"""A decimal as a string, or `undisclosed`."""


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

    Never the same person twice; `same_agency`: whether the proposer's own agency may approve.
    """

    decisions: tuple[Identifier, ...]
    agencies: tuple[Identifier, ...]
    same_agency: Literal["yes", "no"] = "no"


class Benchmark(_Part, frozen=True, kw_only=True):
    id: Identifier
    version: Text


class Judged(_Part, tag="judged", frozen=True, kw_only=True):
    """Points given by a panel, one sheet an evaluator, aggregated."""

    panel: Identifier
    aggregate: Literal["mean", "median", "undisclosed"]


class Measured(_Part, tag="measured", frozen=True, kw_only=True):
    """Points computed from raw metrics.

    `mean-of-percentages`: maximum × mean of percentages / 100. `capped-ratios`: maximum × mean of value / target, each
    ratio capped at 1, the target being the team's own.
    """

    conversion: Literal["mean-of-percentages", "capped-ratios"]
    benchmarks: tuple[Benchmark, ...]


class Unpublished(_Part, tag="undisclosed", frozen=True, kw_only=True):
    """How the criterion is scored was not published; its points can only be certified."""


Scoring = Judged | Measured | Unpublished


class Criterion(_Part, frozen=True, kw_only=True):
    id: Identifier
    title: Names
    maximum: Points
    scoring: Scoring
    index: str = UNDISCLOSED


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


class Panel(_Part, frozen=True, kw_only=True):
    id: Identifier
    title: Names
    size: Number
    quorum: str


class Index(_Part, frozen=True, kw_only=True):
    """Criteria summed across assessments; which criteria count is said by each criterion's `index`."""

    id: Identifier
    title: Names


class Stage(_Part, frozen=True, kw_only=True):
    """One stage. `precision`: decimals of sheets and of criterion points. `eliminate`: the planned cut."""

    id: Identifier
    title: Names
    maximum: Points
    precision: str
    rounding: Literal["half-up", "half-even", "down", "up", "undisclosed"]
    assessments: tuple[Assessment, ...]
    panels: tuple[Panel, ...] = ()
    gates: tuple[Gate, ...] = ()
    indices: tuple[Index, ...] = ()
    eliminate: Number
    tie_break: tuple[str, ...] = ()

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


class Condition(_Part, frozen=True, kw_only=True):
    id: Identifier
    text: Names
    mandatory: Literal["yes", "no"]


class Perspective(_Part, frozen=True, kw_only=True):
    id: Identifier
    title: Names
    conditions: tuple[Condition, ...]


class Independence(_Part, frozen=True, kw_only=True):
    perspectives: tuple[Perspective, ...]

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
    proposal_days: Number = "30"
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

    def stage(self, stage_id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def call(self, call_id: str) -> AdditionalCall | None:
        return next((call for call in self.calls if call.id == call_id), None)

    def resource(self, resource_id: str) -> Resource | None:
        return next((resource for resource in self.resources if resource.id == resource_id), None)

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
        return any(decision in each.decisions for each in self.countersignatures)


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
