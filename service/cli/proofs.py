"""Every decision of a programme made again, by as many processes as there are to do it."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Final

import msgspec

from domain.reexecution import Proof, Reexecution, Wanted
from service.application.ports import StreamedEvent
from service.cli.bundles import Progress
from service.cli.failures import NotAsAskedError
from service.cli.ledgers import Where
from service.collecting import uncollected
from service.ed25519 import verify_ed25519
from service.verify.bundle import BrokenError
from service.verify.faults import Fault

PER_PROCESS: Final = 10_000
"""Positions that are worth a process of their own."""
_TOLD_EVERY: Final = 1_000
_LONGEST: Final = 1_000
"""Events of one decision: a stretch goes on as far, for the last of its decisions."""


class Proved(msgspec.Struct, kw_only=True):
    """What became of decisions. `decisions`: by type and verdict. `faults`: by position."""

    decisions: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    faults: list[Fault] = msgspec.field(default_factory=list)
    unknown: list[Proof] = msgspec.field(default_factory=list)

    def take(self, proof: Proof) -> None:
        """One more."""
        of = self.decisions.setdefault(proof.decision, {})
        of[proof.verdict] = of.get(proof.verdict, 0) + 1
        if proof.verdict == "not-reproduced":
            self.faults.append(fault_of(proof))
        elif proof.verdict == "not-re-executable":
            self.unknown.append(proof)

    def add(self, other: Proved) -> None:
        """Those of another stretch, which comes after."""
        for decision, verdicts in other.decisions.items():
            self.decisions[decision] = dict(Counter(self.decisions.get(decision, {})) + Counter(verdicts))
        self.faults += other.faults
        self.unknown += other.unknown

    def count(self, *verdicts: str) -> int:
        """How many came to one of the verdicts; of any, if none is named."""
        return sum(n for of in self.decisions.values() for each, n in of.items() if not verdicts or each in verdicts)


def fault_of(proof: Proof) -> Fault:
    """As `sillok verify` names one."""
    return Fault("wrong-decision", proof.position, f"{proof.decision or 'no decision'}: {proof.why}")


def jobs_for(size: int) -> int:
    """As many as there are processors, where the ledger is long enough."""
    return max(1, min(len(os.sched_getaffinity(0)), size // PER_PROCESS))


def prove_all(where: Where, programme: str, size: int, jobs: int, progress: Progress) -> Proved:
    """Make every decision again. Raises `BundleError`, `LedgerUnavailableError`, `NotAsAskedError`."""
    stretches = [(size * n // jobs, size * (n + 1) // jobs) for n in range(jobs)]
    if jobs == 1:
        return _stretch(where, programme, *stretches[0], lambda done: progress(done, size))
    found: dict[int, Proved] = {}
    done = [0] * jobs
    with ExitStack() as stack:
        running = {_started(stack, where, programme, each): n for n, each in enumerate(stretches)}
        while running:
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                match _said(ready):
                    case int(position):
                        done[running[ready]] = position
                        progress(sum(done), sum(upto for _after, upto in stretches))
                    case Proved() as proved:
                        found[running.pop(ready)] = proved
                    case str(why):
                        raise NotAsAskedError(why)
    whole = Proved()
    for n in range(jobs):
        whole.add(found[n])
    return whole


def prove_some(where: Where, programme: str, upto: int, wanted: Wanted, progress: Progress) -> Iterator[Proof]:
    """Make those decisions again that are wanted, and say all of each."""
    with where.opened() as ledger:
        again = Reexecution(programme, verify_ed25519, ledger.sealed, wanted=wanted, counting=True)
        yield from again.proofs(_told(ledger.events(programme, upto), lambda done: progress(done, upto)))


def _started(stack: ExitStack, where: Where, programme: str, stretch: tuple[int, int]) -> Connection[Any, Any]:
    """A process of its own at work on a stretch; gone with the stack."""
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=_work, args=(theirs, where, programme, *stretch), daemon=True)
    process.start()
    theirs.close()
    stack.callback(process.join)
    stack.callback(process.terminate)
    stack.callback(ours.close)
    return ours


def _work(told: Connection[Any, Any], where: Where, programme: str, after: int, upto: int) -> None:
    try:
        told.send(_stretch(where, programme, after, upto, told.send))
    except Exception as error:  # noqa: BLE001 — the process that asked says it
        told.send(f"{type(error).__name__}: {error}")


def _said(connection: Connection[Any, Any]) -> Any:
    try:
        return connection.recv()
    except EOFError:
        return "a process ended before its decisions were made again: was memory short?"


def _stretch(where: Where, programme: str, after: int, upto: int, tell: Callable[[int], None]) -> Proved:
    """The decisions whose first event has `after` < position ≤ `upto`."""
    proved = Proved()
    with where.opened() as ledger, uncollected():
        again = Reexecution(programme, verify_ed25519, ledger.sealed, wanted=partial(_begins_within, after, upto))
        try:
            for proof in again.proofs(_told(ledger.events(programme, upto + _LONGEST), tell)):
                proved.take(proof)
        except BrokenError as error:
            if after < error.fault.position <= upto:
                proved.faults.append(error.fault)
    return proved


def _begins_within(after: int, upto: int, first: int, _last: int, _decision_id: str) -> bool:
    """A `Wanted`: `after` < position of the first event ≤ `upto`."""
    return after < first <= upto


def _told(events: Iterable[StreamedEvent], tell: Callable[[int], None]) -> Iterator[StreamedEvent]:
    for number, each in enumerate(events):
        if number % _TOLD_EVERY == 0:
            tell(each.position)
        yield each
