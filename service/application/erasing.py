"""Erasing what is known about persons: for every `SubjectErased` in the ledger, and everybody whose key was destroyed.

Nothing says which erasures were carried out: each process does all of them again when it starts, and then those that
come. So one that was killed half-way, or a database that is restored from a backup, is no case of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.call_events import CallApplicationReceived
from domain.envelope import decode_provenance
from domain.event import decode_data
from domain.panel_events import EvaluatorAppointed, EvaluatorReplaced
from domain.privacy import SubjectErased
from domain.proposal_events import DecisionApproved
from domain.teams import TeamEnrolled
from service.application.audit import audit
from service.application.identity import Membership
from service.application.ports import Ledger, LedgerUnavailableError, RecordedEvent

AGAIN_SECONDS: Final = 1.0
ERASURES: Final = DCBQuery(items=[DCBQueryItem(types=[SubjectErased.TYPE])])
TAKING_PART: Final = DCBQuery(
    items=[
        DCBQueryItem(types=[each.TYPE])
        for each in (EvaluatorAppointed, EvaluatorReplaced, TeamEnrolled, CallApplicationReceived)
    ]
)
"""By which an evaluator, or a team, is of a programme."""


class Subject(msgspec.Struct, frozen=True):
    """A person in a programme; without one, a person who signs in."""

    id: str
    programme: str = ""


class SubjectErasedError(Exception):
    """The person's key was destroyed: nothing of theirs is kept any more."""


class Account(msgspec.Struct, frozen=True):
    """A person who signs in, and for whom they act, or ever did."""

    person_id: str
    acts_for: tuple[Membership, ...]


class Erasures(Protocol):
    """Where things are known about persons. All can be repeated, and all raise `LedgerUnavailableError`."""

    def erase(self, subject: Subject) -> None:
        """Destroy the person's key, and take away everything that is known about them."""

    def accounts(self, id_: str) -> Sequence[Account]:
        """Of the person with that id, and of who acts as that evaluator, as far as anything is known about them."""

    def erase_again(self) -> None:
        """The same for everybody whose key was destroyed before."""


class Erase:
    """Carries out what was not yet by this process. Not for several threads at once."""

    def __init__(self, ledger: Ledger, erasures: Erasures) -> None:
        self._ledger = ledger
        self._erasures = erasures
        self._upto = -1

    def __call__(self) -> None:
        """Raises `LedgerUnavailableError`; what was not done is done next time."""
        if self._upto < 0:
            self._erasures.erase_again()
            self._upto = 0
        found = self._ledger.read(ERASURES, after=self._upto)
        if found.head < self._upto:
            # Another database, restored from an older backup.
            self._upto = -1
            return self()
        for each in found:
            event = decode_data(each.type, each.version, each.data)
            assert isinstance(event, SubjectErased)
            self._erasures.erase(Subject(event.subject, each.programme))
            for account in self._erasures.accounts(event.subject):
                self._erase_account(account, each.programme, self._deciders(each))
        self._upto = found.head
        return None

    def _deciders(self, erased: RecordedEvent) -> tuple[str, ...]:
        """The agency that decided; of what two decided, both."""
        said = decode_provenance(erased.envelope)
        if said.command_type != "approve":
            return (said.actor.agency,)
        (before,) = self._ledger.read(after=erased.position - 2, upto=erased.position - 1)
        approved = decode_data(before.type, before.version, before.data)
        assert isinstance(approved, DecisionApproved)
        return approved.proposer.agency, said.actor.agency

    def _erase_account(self, account: Account, programme: str, agencies: Sequence[str]) -> None:
        """Unless it acts for others than these agencies, and evaluators and consortiums of that programme alone.

        No agency takes away the account of another one, nor of who runs the service, nor who takes part in a programme
        whose charter does not let it.
        """
        own = {Membership("agency", each) for each in agencies}
        others = [each for each in account.acts_for if each not in own]
        if all(each.role in ("evaluator", "consortium") for each in others) and (
            not others or self._programmes_of(others) <= {programme}
        ):
            self._erasures.erase(Subject(account.person_id))
        else:
            acts_for = " ".join(map(str, others))
            by = " ".join(agencies)
            audit("erasure left to an operator", object=account.person_id, agency=by, acts_for=acts_for)

    def _programmes_of(self, memberships: Sequence[Membership]) -> set[str]:
        """In which an evaluator or a team of these takes, or took, part."""
        ids = {each.subject for each in memberships}
        programmes = set()
        for each in self._ledger.read(TAKING_PART):
            event = decode_data(each.type, each.version, each.data)
            if ids & {getattr(event, field, None) for field in ("evaluator", "replacement", "team")}:
                programmes.add(each.programme)
        return programmes


class ErasedFirst:
    """Does `work` until it is done once, in a thread of its own, before anything is served."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._done = threading.Event()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="erasures", daemon=True).start()

    def done(self, *, within: float = 0.0) -> bool:
        """Whether it is, or comes to be within so many seconds."""
        return self._done.wait(within)

    def close(self) -> None:
        """Try no more."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._work()
            except LedgerUnavailableError:
                self._stopped.wait(AGAIN_SECONDS)
            else:
                self._done.set()
                return
