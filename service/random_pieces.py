"""Random bytes of the system's, many pieces at a call: one piece a call takes longer than all that is done with it."""

from __future__ import annotations

import os
from collections import deque
from typing import Final

PIECE_BYTES: Final = 16
_PIECES: Final = 256

_left: Final[deque[bytes]] = deque()
# A process and its child would otherwise take the same.
os.register_at_fork(after_in_child=_left.clear)


def random_piece() -> bytes:
    """16 bytes that nobody else is given. Safe to call from many threads."""
    try:
        return _left.pop()
    except IndexError:
        drawn = os.urandom(PIECE_BYTES * _PIECES)
        first, *rest = [drawn[at : at + PIECE_BYTES] for at in range(0, len(drawn), PIECE_BYTES)]
        _left.extend(rest)
        return first
