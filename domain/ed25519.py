"""Ed25519 (RFC 8032), as far as the domain knows of it: how long things are, which keys are none, and that somebody can
verify."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

KEY_BYTES: Final = 32

Verify = Callable[[bytes, bytes, bytes], bool]
"""Public key (32 bytes), message, signature (64 bytes) → whether it is right."""

_PRIME: Final = 2**255 - 19
_EIGHTH: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL: Final = frozenset({0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH})
"""The y of every point whose order divides 8."""


def is_weak(public_key: bytes) -> bool:
    """Whether a key (32 bytes) is a point of small order, for which anybody makes signatures that most libraries take
    for right, over any message; or is not written in the one way that its y has (RFC 8032, 5.1.3)."""
    y = int.from_bytes(public_key, "little") & (2**255 - 1)  # the bit above is the sign of x
    return y >= _PRIME or y in _SMALL
