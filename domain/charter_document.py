"""The charter document: the rules of a programme as data. Every scalar is a string.

What makes a document contradict itself is in `domain.charter_faults`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Container
from typing import Any, Final, Literal

import msgspec
import rfc8785

from domain.deadlines import Zone
from domain.envelope import DataSet
from domain.rubric import Stage
from domain.scalars import Days, Identifier, Names, Number, Part, Text


class Agency(Part, frozen=True, kw_only=True):
    id: Identifier
    name: Names


class Mandate(Part, frozen=True, kw_only=True):
    """Agencies that may make these decisions."""

    decisions: tuple[Identifier, ...]
    agencies: tuple[Identifier, ...]


class Countersignature(Part, frozen=True, kw_only=True):
    """Decisions that take effect once one of `agencies` has approved them.

    Never the same person twice; `same_agency`: whether another person of the proposer's own agency may approve. `when`:
    always, or only `after-close`, when the decision itself asks for it: a correction after scoring closed, what is
    entered in a reopened stage, an amendment of the charter after a stage was opened or of what is given to two.
    """

    decisions: tuple[Identifier, ...]
    agencies: tuple[Identifier, ...]
    same_agency: Literal["yes", "no"] = "no"
    when: Literal["always", "after-close"] = "always"


class Condition(Part, frozen=True, kw_only=True):
    """`mandatory`: `undisclosed` in a public record that does not show it; then nothing follows from it."""

    id: Identifier
    text: Names
    mandatory: Literal["yes", "no", "undisclosed"]


class Perspective(Part, frozen=True, kw_only=True):
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


class IndependenceReview(Part, frozen=True, kw_only=True):
    """What precedes a ruling: the team is heard. `statement_days`: how many whole days it has to answer.

    `panel`: of every stage, whose opinions a ruling waits for, as many as its quorum; none: nobody's.
    """

    statement_days: Days
    panel: Identifier | None = None


class Independence(Part, frozen=True, kw_only=True):
    """`review`: none, if a ruling needs no hearing."""

    perspectives: tuple[Perspective, ...]
    review: IndependenceReview | None = None

    def conditions(self) -> dict[tuple[str, str], Condition]:
        """Every condition by (perspective, condition)."""
        return {(p.id, c.id): c for p in self.perspectives for c in p.conditions}


class Resource(Part, frozen=True, kw_only=True):
    """`count`: so many units at any instant. `access`: a right, uncounted."""

    id: Identifier
    title: Names
    kind: Literal["count", "access"]
    unit: Text | None = None


class Entitlement(Part, frozen=True, kw_only=True):
    """What a team of this status may be granted."""

    status: Literal["enrolled", "advanced", "selected"]
    resources: tuple[Identifier, ...] = ()
    titles: tuple[Text, ...] = ()


class EligibleClass(Part, frozen=True, kw_only=True):
    """Who may apply. `requires`: that the applicant was, or was not, a team of the programme before.

    `undisclosed`: in a public record that does not show it; then nothing follows from it.
    """

    id: Identifier
    title: Names
    requires: Literal["none", "former-team", "not-former-team", "undisclosed"] = "none"


class AdditionalCall(Part, frozen=True, kw_only=True):
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


class Disclosure(Part, frozen=True, kw_only=True):
    """From which moment the public may read the data of these event types; `agencies`: never."""

    events: tuple[Text, ...]
    public: Literal["at-once", "with-results", "agencies"]


class NoticeTemplate(Part, frozen=True, kw_only=True):
    """What teams of a status are told. `{variable}` in `title` and `body` stands for a declared variable's value.

    `acknowledge_days`: within how many days the addressee acknowledges it.
    """

    id: Identifier
    title: Names
    body: Names
    variables: tuple[Identifier, ...] = ()
    recipients: tuple[Literal["enrolled", "advanced", "selected", "eliminated", "withdrawn"], ...]
    acknowledge_days: Days


ServedBy = Literal["inbox", "delivered", "opened"]


class Service(Part, frozen=True, kw_only=True):
    """What puts on record that a notice was served. `by`: it is in its recipient's inbox; or went to one of their
    endpoints, or was opened; or was opened by them. `acknowledge_days`: as of a `NoticeTemplate`, from that day.
    """

    by: ServedBy
    acknowledge_days: Days


Recipient = Literal["enrolled", "advanced", "selected", "eliminated", "withdrawn", "registered"]


class AutomaticNotice(Part, frozen=True, kw_only=True):
    """What consortiums are told by itself after `events` (types), as far as one concerns them (`domain.noticing`).

    `title` and `body` are in the language of `domain.notice_variables`. `registered`: any consortium that somebody may
    act for here, and that is no team. `service`: of what is served on record, by the reaction `serve-notices`.
    """

    id: Identifier
    title: Names
    body: Names
    variables: tuple[Identifier, ...] = ()
    events: tuple[Text, ...]
    recipients: tuple[Recipient, ...]
    service: Service | None = None


class Reaction(Part, frozen=True, kw_only=True):
    """What the system decides by itself: `id`, one of `domain.system.REACTIONS`.

    `days`: of `domain.system.WITH_GRACE`, how many days after it is decided it holds; of `REMINDING`, how many before
    the deadline teams are reminded, by `template`, one of `notices`, whose only variable may be `deadline`.
    """

    id: Identifier
    days: Days = "0"
    template: Identifier | None = None


SCORING: Final = ("submit-score", "correct-score", "record-measurement", "correct-measurement", "record-exclusion")
"""Decisions that give scores, change them or leave them out."""

GUARDING: Final = frozenset({"register-key", "revoke-key", "amend-charter"})
"""Decisions by which somebody who has only the credentials of whoever signs could be rid of their signature."""


class Charter(Part, frozen=True, kw_only=True, dict=True):
    """A programme's rules. `recorder`: who enters what others decided; only in a public record.

    `consortium_decisions`: what a consortium may decide about itself. `signed`: what whoever decides it signs with a
    registered key, and with it `GUARDING`. `zone`: the clock that deadlines run by.
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
    signed: tuple[Identifier, ...] = ()
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
    automatic_notices: tuple[AutomaticNotice, ...] = ()
    reactions: tuple[Reaction, ...] = ()

    def stage(self, stage_id: str) -> Stage | None:
        return self._stages.get(stage_id)

    @functools.cached_property
    def _stages(self) -> dict[str, Stage]:
        return {stage.id: stage for stage in reversed(self.stages)}

    def call(self, call_id: str) -> AdditionalCall | None:
        return next((call for call in self.calls if call.id == call_id), None)

    def resource(self, resource_id: str) -> Resource | None:
        return next((resource for resource in self.resources if resource.id == resource_id), None)

    def notice_template(self, template_id: str) -> NoticeTemplate | None:
        return next((notice for notice in self.notices if notice.id == template_id), None)

    def service_of(self, template_id: str) -> Service | None:
        """When a notice by that template, which is sent by itself, is served on record, if it is at all."""
        return next((each.service for each in self.automatic_notices if each.id == template_id), None)

    def may(self, agency: str, decision: str) -> bool:
        told = self._told.get((agency, decision))
        if told is None:
            told = any(decision in m.decisions and agency in m.agencies for m in self.mandates)
            self._told[agency, decision] = told
        return told

    @functools.cached_property
    def _told(self) -> dict[tuple[str, str], bool]:
        """Who may make which decision, as far as it was asked."""
        return {}

    def gives_scores(self, agency: str) -> bool:
        """Whether an agency may give scores, change them or leave them out."""
        return any(self.may(agency, each) for each in SCORING)

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

    def wants_signed(self, decision: str) -> bool:
        """Whether whoever makes the decision signs it. Where anything is signed, so is what could undo that."""
        return decision in self.signed or (bool(self.signed) and decision in GUARDING)

    def countersigned(self, decision: str) -> bool:
        """Whether the charter asks for a second agency's approval of every such decision."""
        return decision in self._countersigned

    @functools.cached_property
    def _countersigned(self) -> frozenset[str]:
        return frozenset(decision for e in self.countersignatures if e.when == "always" for decision in e.decisions)


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
