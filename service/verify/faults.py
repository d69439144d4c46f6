"""What can be wrong with a record: by class, and where it begins."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

FaultClass = Literal[
    "edited",
    "removed",
    "reordered",
    "inserted",
    "truncated",
    "forked",
    "wrong-tally",
    "bad-signature",
    "wrong-decision",
]

EXIT_CODES: Final[dict[FaultClass, int]] = {
    "edited": 10,
    "removed": 11,
    "reordered": 12,
    "inserted": 13,
    "truncated": 14,
    "forked": 15,
    "wrong-tally": 16,
    "bad-signature": 17,
    "wrong-decision": 18,
}


class Fault(msgspec.Struct, frozen=True):
    """`position`: the first bad one, 0 where it is nothing in the ledger that is wrong."""

    fault: FaultClass
    position: int
    detail: str

    def __str__(self) -> str:
        place = f" at position {self.position}" if self.position else ""
        return f"{self.fault}{place}: {self.detail}"
