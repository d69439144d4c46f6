"""An event as it leaves for good: a line of a bundle, which whoever holds it verifies."""

from __future__ import annotations

import msgspec


class ExportedEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A line of a bundle. Bytes are in base64; `envelope` and `data` are the very bytes that were hashed, as text.

    From `event_id` on it is what the entry's commitment is over, for auditors and of the programme asked for only: the
    envelope holds who acted, their exact words and what they read, and it is hashed as a whole.
    """

    position: int
    programme: str
    type: str
    version: int
    recorded_at: str
    entry: bytes
    event_id: str | None = None
    tags: tuple[str, ...] | None = None
    salt: bytes | None = None
    envelope: str | None = None
    data: str | None = None
