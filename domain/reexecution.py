"""Every decision of a ledger, made again: it had to come out so, or was lawful discretion, or is not what it says.

A *proof* says which; where what is recorded does not follow it names what differs, and where this release does not know
the decider, that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from domain.decided_again import NotReExecutableError, Recorded, Said, Sealed, Stored
from domain.decision import nothing_sealed
from domain.discretion import Instead
from domain.ed25519 import Verify
from domain.history import History, UnreadableEventError
from domain.readings import NotReproducedError
from domain.refusal import Refusal

Verdict = Literal["forced", "discretion", "not-reproduced", "not-re-executable"]


class Proof(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of making a decision again. `position`: of its first event or, with `why`, of what is wrong.

    `forced`: it had to come out so. `discretion`: the decider chose the fields `chosen` of its command, and no rule
    refused that. `instead`: what else was tried on the same facts. `after`: up to where its boundary was read.
    `rules_hash`: of the charter; `read`: how many events the boundary names, where that was asked for.
    """

    position: int
    verdict: Verdict
    decision: str = ""
    decider: str = ""
    decision_id: str = ""
    events: tuple[str, ...] = ()
    after: int = 0
    chosen: tuple[str, ...] = ()
    instead: tuple[Instead, ...] = ()
    why: str | None = None
    rules_hash: str | None = None
    read: int | None = None


_said: Final = msgspec.json.Decoder(Said).decode

Wanted = Callable[[int, int, str], bool]
"""Whether a decision is to be made again: by the positions of its first and last event, and its id."""


def every(_first: int, _last: int, _decision_id: str) -> bool:
    """Every decision."""
    return True


class Reexecution:
    """A fold over the events of a programme by position, which makes each decision again once all its events are there.

    `sealed`: as in `Case`. `exact`: each decision reads its boundary for itself, whatever others have read. `counting`:
    proofs say how much that is.
    """

    def __init__(
        self,
        programme: str,
        verify: Verify,
        sealed: Sealed = nothing_sealed,
        *,
        wanted: Wanted = every,
        exact: bool = False,
        counting: bool = False,
    ) -> None:
        self._programme = programme
        self._verify = verify
        self._sealed = sealed
        self._wanted = wanted
        self._exact = exact
        self._counting = counting
        self._history = History()

    def proofs(self, events: Iterable[Stored]) -> Iterator[Proof]:
        """Of every event, in order, a proof of each decision that is wanted."""
        made: list[Stored] = []
        said: list[Said] = []
        for each in events:
            try:
                found = _said(each.envelope)
            except msgspec.DecodeError as error:
                yield Proof(position=each.position, verdict="not-reproduced", why=f"its envelope: {error}")
                continue
            if said and (found.decision_id is None or found.decision_id != said[0].decision_id):
                yield from self._finished(made, said)
                made, said = [], []
            made.append(each)
            said.append(found)
        if made:
            yield from self._finished(made, said)

    def _finished(self, made: Sequence[Stored], said: Sequence[Said]) -> Iterator[Proof]:
        """A decision whose events are all there; from here on they are part of the history."""
        if self._wanted(made[0].position, made[-1].position, said[0].decision_id or ""):
            yield self._proof(Recorded(self._programme, made, said))
        for stored, found in zip(made, said, strict=True):
            self._history.add(stored.position, stored.type, stored.version, stored.data, found.tags)

    def _proof(self, recorded: Recorded) -> Proof:
        position, first = recorded.first, recorded.said[0]
        verdict: Verdict = "not-reproduced"
        why = rules_hash = read = None
        chosen: tuple[str, ...] = ()
        instead: tuple[Instead, ...] = ()
        try:
            again = recorded.again(self._history, self._verify, self._sealed, exact=self._exact)
            found = again.discretion()
            verdict, chosen, instead = "discretion" if found.chosen else "forced", found.chosen, found.instead
            rules_hash, read = again.ruling.rules_hash, recorded.read(self._history) if self._counting else None
        except NotReproducedError as error:
            position, why = error.position, str(error)
        except NotReExecutableError as error:
            verdict, why = "not-re-executable", str(error)
        except Refusal as refusal:
            why = f"the rules refuse it: {refusal.detail} ({refusal.rule})"
        except UnreadableEventError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 — on a record that was tampered with deciders fail in any way
            why = f"it cannot be made again on what stands before it: {type(error).__name__}: {error}"
        return Proof(
            position=position,
            verdict=verdict,
            decision=first.command_type or "",
            decider=first.decider or "",
            decision_id=first.decision_id or "",
            events=tuple([each.type for each in recorded.events]),
            after=0 if first.boundary is None else first.boundary.after,
            chosen=chosen,
            instead=instead,
            why=why,
            rules_hash=rules_hash,
            read=read,
        )
