"""The charter document: the rules of a programme as data. Every scalar is a string.

`undisclosed` may stand where the record does not know a maximum, threshold, aggregator, precision or index.
`faults` names every contradiction at once, each by its place in the document (a JSON pointer).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Annotated, Any, Literal

import msgspec
import rfc8785

from domain.boundary import IDENTIFIER
from domain.envelope import DataSet
from domain.points import UNDISCLOSED, DecimalFormatError, is_known, known, parse_decimal

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
    id: Identifier
    title: Names


class AdditionalCall(_Part, frozen=True, kw_only=True):
    """A call that fills vacant seats after a stage."""

    id: Identifier
    title: Names
    after: Identifier
    seats: Number
    closes: Text
    classes: tuple[EligibleClass, ...]


class Disclosure(_Part, frozen=True, kw_only=True):
    """From which moment the public may read the data of these event types; `agencies`: never."""

    events: tuple[Text, ...]
    public: Literal["at-once", "with-results", "agencies"]


class Charter(_Part, frozen=True, kw_only=True):
    """A programme's rules. `recorder`: who enters what others decided; only in a public record."""

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


class Fault(msgspec.Struct, frozen=True):
    """One contradiction: where (JSON pointer) and which rule."""

    pointer: str
    detail: str


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


def faults(charter: Charter, decisions: Iterable[str], events: Iterable[str]) -> list[Fault]:
    """Every contradiction of the charter. `decisions`, `events`: the names that this release knows."""
    return list(_faults(charter, frozenset(decisions), frozenset(events)))


def _faults(charter: Charter, decisions: frozenset[str], events: frozenset[str]) -> Iterator[Fault]:
    agencies = {agency.id for agency in charter.agencies}
    yield from _repeated("/agencies", [agency.id for agency in charter.agencies])
    yield from _unknown("/owner", [charter.owner], agencies, "agency")
    yield from _unknown("/joint_publishers", charter.joint_publishers, agencies, "agency")
    if not charter.joint_publishers:
        yield Fault("/joint_publishers", "at least one agency publishes the results")
    if (charter.recorder is not None) != (charter.data_set == "public-record"):
        yield Fault("/recorder", "a public record has a recorder, and nothing else has")
    elif charter.recorder is not None:
        yield from _unknown("/recorder", [charter.recorder], agencies, "agency")
    for i, mandate in enumerate(charter.mandates):
        yield from _unknown(f"/mandates/{i}/decisions", mandate.decisions, decisions, "decision")
        yield from _unknown(f"/mandates/{i}/agencies", mandate.agencies, agencies, "agency")
        if not mandate.agencies or not mandate.decisions:
            yield Fault(f"/mandates/{i}", "a mandate names at least one agency and one decision")
    if not charter.stages:
        yield Fault("/stages", "at least one stage")
    yield from _repeated("/stages", [stage.id for stage in charter.stages])
    for i, stage in enumerate(charter.stages):
        yield from _stage_faults(f"/stages/{i}", stage, int(charter.seats))
    yield from _independence_faults(charter.independence)
    stages = {stage.id for stage in charter.stages}
    yield from _repeated("/calls", [call.id for call in charter.calls])
    for i, call in enumerate(charter.calls):
        yield from _unknown(f"/calls/{i}/after", [call.after], stages, "stage")
        yield from _repeated(f"/calls/{i}/classes", [each.id for each in call.classes])
        if not call.classes:
            yield Fault(f"/calls/{i}/classes", "a call names at least one class that may apply")
        if not 0 < int(call.seats) <= int(charter.seats):
            yield Fault(f"/calls/{i}/seats", f"between 1 and the {charter.seats} seats of the programme")
    resources = {resource.id for resource in charter.resources}
    yield from _repeated("/resources", [resource.id for resource in charter.resources])
    for i, entitlement in enumerate(charter.entitlements):
        yield from _unknown(f"/entitlements/{i}/resources", entitlement.resources, resources, "resource")
    for i, disclosure in enumerate(charter.disclosure):
        yield from _unknown(f"/disclosure/{i}/events", disclosure.events, events, "event")


def _stage_faults(place: str, stage: Stage, seats: int) -> Iterator[Fault]:
    if is_known(stage.precision) and stage.precision not in "0123456":
        yield Fault(f"{place}/precision", "0 to 6 decimals, or undisclosed")
    if int(stage.eliminate) >= seats:
        yield Fault(f"{place}/eliminate", f"the cut ({stage.eliminate}) leaves nobody of {seats} seats")
    yield from _repeated(f"{place}/assessments", [a.id for a in stage.assessments])
    if not stage.assessments:
        yield Fault(f"{place}/assessments", "at least one assessment")
    yield from _sum_faults(place, stage.maximum, [a.maximum for a in stage.assessments], "assessments")
    panels = {panel.id for panel in stage.panels}
    yield from _repeated(f"{place}/panels", [panel.id for panel in stage.panels])
    for i, panel in enumerate(stage.panels):
        if is_known(panel.quorum) and not (panel.quorum.isdecimal() and 0 < int(panel.quorum) <= int(panel.size)):
            yield Fault(f"{place}/panels/{i}/quorum", f"1 to the panel's size {panel.size}, or undisclosed")
    indices = {index.id for index in stage.indices}
    yield from _repeated(f"{place}/indices", [index.id for index in stage.indices])
    for i, assessment in enumerate(stage.assessments):
        here = f"{place}/assessments/{i}"
        if assessment.id == TOTAL:
            yield Fault(f"{here}/id", f"{TOTAL!r} names the sum of all assessments")
        yield from _repeated(f"{here}/criteria", [c.id for c in assessment.criteria])
        if not assessment.criteria:
            yield Fault(f"{here}/criteria", "at least one criterion")
        yield from _sum_faults(here, assessment.maximum, [c.maximum for c in assessment.criteria], "criteria")
        for k, criterion in enumerate(assessment.criteria):
            yield from _criterion_faults(f"{here}/criteria/{k}", criterion, stage, panels, indices)
    nodes = stage.nodes()
    yield from _unknown(f"{place}/tie_break", stage.tie_break, nodes, "node of the rubric")
    yield from _repeated(f"{place}/tie_break", list(stage.tie_break))
    yield from _repeated(f"{place}/gates", [gate.id for gate in stage.gates])
    for i, gate in enumerate(stage.gates):
        yield from _unknown(f"{place}/gates/{i}/node", [gate.node], nodes, "node of the rubric")
        yield from _points_faults(f"{place}/gates/{i}/minimum", gate.minimum)
        maximum = _value(nodes.get(gate.node, UNDISCLOSED))
        minimum = _value(gate.minimum)
        if maximum is not None and minimum is not None and minimum > maximum:
            yield Fault(f"{place}/gates/{i}/minimum", f"{gate.minimum} is above the maximum of {gate.node}")


def _criterion_faults(
    place: str, criterion: Criterion, stage: Stage, panels: set[str], indices: set[str]
) -> Iterator[Fault]:
    if is_known(criterion.index):
        yield from _unknown(f"{place}/index", [criterion.index], indices, "index")
    match criterion.scoring:
        case Judged(panel=panel):
            yield from _unknown(f"{place}/scoring/panel", [panel], panels, "panel")
        case Measured(benchmarks=benchmarks):
            yield from _repeated(f"{place}/scoring/benchmarks", [b.id for b in benchmarks])
            if not benchmarks:
                yield Fault(f"{place}/scoring/benchmarks", "at least one benchmark")
            if not is_known(criterion.maximum):
                yield Fault(f"{place}/maximum", "a measured criterion needs a known maximum")
        case Unpublished():
            return
    if stage.decimals is None or not is_known(stage.rounding):
        yield Fault(f"{place}/scoring", "points can be computed only with a known precision and rounding")


def _independence_faults(independence: Independence) -> Iterator[Fault]:
    yield from _repeated("/independence/perspectives", [p.id for p in independence.perspectives])
    for i, perspective in enumerate(independence.perspectives):
        place = f"/independence/perspectives/{i}/conditions"
        yield from _repeated(place, [c.id for c in perspective.conditions])
        if not perspective.conditions:
            yield Fault(place, "at least one condition")


def _points_faults(pointer: str, text: str) -> Iterator[Fault]:
    if is_known(text):
        try:
            parse_decimal(text)
        except DecimalFormatError as error:
            yield Fault(pointer, str(error))


def _sum_faults(place: str, maximum: str, parts: list[str], what: str) -> Iterator[Fault]:
    yield from _points_faults(f"{place}/maximum", maximum)
    for i, part in enumerate(parts):
        yield from _points_faults(f"{place}/{what}/{i}/maximum", part)
    whole = _value(maximum)
    if whole is None:
        return
    values = [_value(part) for part in parts]
    reached = sum((value for value in values if value is not None), Fraction(0))
    if None not in values and reached != whole:
        yield Fault(f"{place}/maximum", f"the {what} add up to {float(reached):g}, not to {maximum}")
    elif reached > whole:
        yield Fault(f"{place}/maximum", f"the known {what} add up to {float(reached):g}, more than {maximum}")


def _value(text: str) -> Fraction | None:
    try:
        return known(text)
    except ValueError:
        return None


def _repeated(pointer: str, ids: list[str]) -> Iterator[Fault]:
    for each in sorted({one for one in ids if ids.count(one) > 1}):
        yield Fault(pointer, f"{each!r} stands more than once")


def _unknown(pointer: str, names: Iterable[str], known_names: Iterable[str], what: str) -> Iterator[Fault]:
    allowed = set(known_names)
    for name in names:
        if name not in allowed:
            yield Fault(pointer, f"{name!r} is no {what}")
