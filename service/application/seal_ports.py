"""Ports of sealing: where the tree is kept, who signs it, and where readers find both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from domain.tiles import Place


class Published(msgspec.Struct, frozen=True):
    """A checkpoint that was signed. `note`: as the log signed it. `cosignatures`: lines of witnesses."""

    origin: str
    size: int
    root: bytes
    note: str
    cosignatures: str = ""

    @property
    def cosigned(self) -> str:
        """The note as it is handed out."""
        return self.note + self.cosignatures


class SealFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How far sealing is. `size`: of the tree; `published`: of the last checkpoint; `head`: of the ledger.

    `seconds_behind`: the age of the first event that no checkpoint covers. `batches`, `checkpoints`, `halts`: how many
    there were. `halted`: why nothing is sealed any more.
    """

    head: int
    size: int
    published: int
    seconds_behind: float
    batches: int
    checkpoints: int
    halts: int
    halted: str | None


class LogRecord(msgspec.Struct, frozen=True):
    """A log. `keys`: verifier keys, as they are handed out (C2SP signed-note), of all that ever signed for it."""

    origin: str
    keys: tuple[str, ...]


class SealBrokenError(Exception):
    """Ledger, tree and signer contradict each other; the sentence says where."""


class SealTurn(Protocol):
    """The one sealer's turn; all that it changes becomes visible together when the turn ends, or not at all.

    `size`, `root`: of the tree in tiles. `published`: the last checkpoint of the current log. `halted`: setting it
    halts sealing. `patrolled`: up to which tile of the lowest level rows were last compared with their leaves.
    """

    size: int
    root: bytes
    log: LogRecord | None
    published: Published | None
    halted: str | None
    patrolled: int

    def entries(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Positions and entries of the ledger's rows after a position, in order."""

    def tiles(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """Hashes of those tiles that are there."""

    def keep(self, tiles: Mapping[Place, bytes], size: int, root: bytes) -> None:
        """Put tiles in the place of those that they continue; the tree is of that size now."""

    def publish(self, checkpoint: Published, keys: Sequence[str]) -> None:
        """Keep a checkpoint of the current log, the first one of its origin opening it, and what verifies it."""


class SealStore(Protocol):
    """Where the tree and its checkpoints are kept. Raises `LedgerUnavailableError`."""

    def turn(self) -> AbstractContextManager[SealTurn | None]:
        """Take the turn for one transaction; `None` if another sealer has it."""


class SealReader(Protocol):
    """What was sealed, for readers. Raises `LedgerUnavailableError`."""

    def logs(self) -> Sequence[LogRecord]:
        """Every log, the current one first; none before the first checkpoint."""

    def latest(self) -> Published | None:
        """The last checkpoint of the current log."""

    def latest_of(self, log: int) -> Published | None:
        """The last checkpoint that is kept of a log: 1 is the first one that there was, and so on."""

    def of_size(self, size: int) -> Published | None:
        """The checkpoint of exactly that size, of the current log."""

    def covering(self, position: int) -> Published | None:
        """The first checkpoint of the current log that covers a position."""

    def witnessed(self, policy: str, position: int | None = None) -> Published | None:
        """Of those that meet the policy of that id: the last one, or the first one that covers a position."""

    def tiles(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """Hashes of those tiles that are there."""

    def entries(self, first: int, last: int) -> Sequence[bytes]:
        """The entries of these positions, in order."""

    def figures(self) -> SealFigures:
        """How far sealing is."""


class Standing(msgspec.Struct, frozen=True):
    """What a signer last signed. `size` is 0, and `root` that of the empty tree, before it signed anything.

    `keys`: verifier keys of all that it signs with.
    """

    origin: str
    size: int
    root: bytes
    keys: tuple[str, ...]


class SignerUnavailableError(Exception):
    """The signer does not answer; nothing is lost, what waits is signed later."""


class SigningRefusedError(Exception):
    """The signer does not sign this; the sentence says why."""


class Signer(Protocol):
    """Who holds the log's key. Raises `SignerUnavailableError`."""

    def standing(self) -> Standing:
        """What it last signed."""

    def sign(self, size: int, root: bytes, proof: Sequence[bytes]) -> str:
        """The checkpoint, a signed note. `proof`: that the tree begins with the one that was signed last.

        What was signed is durable on the signer's side before it answers. Raises `SigningRefusedError`.
        """
