"""Who asks: what a key says about its holder."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Role = Literal["agency", "consortium", "evaluator", "auditor"]


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The holder of a key. `agency`: for whom it decides, if it does. `subject`: the agency, team or auditor."""

    key_id: str
    role: Role
    agency: str | None
    subject: str


class Authenticator(Protocol):
    """Knows keys. Safe to call from many threads."""

    def authenticate(self, key: str) -> Principal | None:
        """The holder of a valid key, else `None`; takes as long for a wrong key as for a right one."""
        ...
