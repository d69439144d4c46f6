"""Ledgers as each release made them; every later one re-executes them. `make release-specs` keeps that of this one."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from domain.deadlines import moment
from domain.reexecution import Proof, Reexecution
from domain.views.replay import VIEWS, Digests, Replay
from service.application.projecting import occurrences
from service.ed25519 import verify_ed25519
from service.verify.bundle import lines_of
from tests.domain.recorded import Line

LEDGERS = Path(__file__).parent


def ledger_of(version: str) -> Path:
    """The events of a bundle, compressed: every programme that is shipped, played into one ledger."""
    return LEDGERS / f"{version}.ndjson.xz"


def digests_of(ledger: Path) -> Path:
    """What its views came to in that release."""
    return ledger.with_name(ledger.name.replace(".ndjson.xz", ".json"))


KEPT = sorted(LEDGERS.glob("*.ndjson.xz"))


@functools.cache
def recorded(file: Path) -> Mapping[str, Sequence[Line]]:
    """The events of a ledger that is kept, by programme."""
    found: dict[str, list[Line]] = defaultdict(list)
    for each in lines_of(file):
        assert each.envelope is not None
        assert each.data is not None
        line = Line(
            position=each.position,
            recorded_at=moment(each.recorded_at),
            programme=each.programme,
            type=each.type,
            version=each.version,
            envelope=each.envelope.encode(),
            data=each.data.encode(),
        )
        found[each.programme].append(line)
    return found


@functools.cache
def proved(file: Path) -> Mapping[str, Sequence[Proof]]:
    """Every decision of it, made again by this release."""
    return {
        programme: list(Reexecution(programme, verify_ed25519).proofs(events))
        for programme, events in recorded(file).items()
    }


def replayed(file: Path, *, page: int = 500) -> list[Digests]:
    """The digests of its views, folded by this release."""
    found = []
    for programme, events in recorded(file).items():
        replay = Replay(programme, list(VIEWS.values()))
        taken = list(occurrences(events))
        for first in range(0, len(taken), page):
            replay.take(taken[first : first + page])
        found.append(replay.digests(events[-1].position))
    return found
