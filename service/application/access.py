"""Who may come in: credentials, the limits on asking and on guessing, and a line for each that is refused."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Never, TypeVar

import structlog

from service.application.audit import audit
from service.application.identity import (
    Authenticator,
    Limit,
    Principal,
    TooManyRequestsError,
    WrongCredentialError,
)
from service.application.ports import LedgerUnavailableError
from service.application.tokens import Issued, Tokens

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

REMEMBERED_SECONDS: Final = 5.0
"""How long a credential is believed without asking again: the most that a revocation is late, on another machine."""
_REMEMBERED: Final = 10_000
_NOTED_SECONDS: Final = 60.0

_log = structlog.get_logger()


class Access:
    """Lets in who has a credential. Safe to call from many threads.

    `requests`: of one client, whatever its credentials. `failures`: of one address; what was let in from there goes
    on. `later`: does something off the path of the request.
    """

    def __init__(
        self,
        authenticators: Sequence[Authenticator],
        tokens: Tokens,
        *,
        requests: Limit,
        failures: Limit,
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._authenticators = authenticators
        self._tokens = tokens
        self._requests = requests
        self._failures = failures
        self._later = later
        self._known: dict[bytes, tuple[float, Principal]] = {}
        self._noted: dict[str, float] = {}

    def enter(self, credential: str, address: str) -> Principal:
        """The holder of a credential. Raises `WrongCredentialError`, `TooManyRequestsError`."""
        principal = self._remembered(credential)
        if principal is None:
            principal = self._guarded(address, lambda: self._authenticate(credential))
            _remember(self._known, _digest(credential), (time.monotonic() + REMEMBERED_SECONDS, principal))
        self._spend(principal)
        return principal

    def enter_at_once(self, credential: str) -> Principal | None:
        """The holder, if that can be told without waiting for anything; else it is for `enter` to tell."""
        principal = self._remembered(credential)
        return principal if principal is not None and self._requests.spend_at_once(principal.id) else None

    def _remembered(self, credential: str) -> Principal | None:
        until, principal = self._known.get(_digest(credential), (0.0, None))
        return principal if until > time.monotonic() else None

    def issue_token(self, assertion: str, address: str) -> Issued:
        """See `Tokens.issue`; raises `TooManyRequestsError` besides."""
        issued = self._guarded(address, lambda: self._tokens.issue(assertion))
        self._spend(issued.principal)
        return issued

    def forget(self) -> None:
        """Ask again about every credential: one was revoked."""
        self._known.clear()

    def _authenticate(self, credential: str) -> Principal:
        for each in self._authenticators:
            principal = each.authenticate(credential)
            if principal is not None:
                if time.monotonic() >= self._noted.get(principal.id, 0.0):
                    _remember(self._noted, principal.id, time.monotonic() + _NOTED_SECONDS)
                    self._later(partial(_note_use, each, credential, principal))
                return principal
        raise WrongCredentialError("it is neither a key nor a token")

    def _guarded(self, address: str, verify: Callable[[], T]) -> T:
        """What `verify` gives, unless too much failed from the address; a failure is counted and leaves a line."""
        self._require_patience(address)
        try:
            return verify()
        except WrongCredentialError as error:
            self._count(address, error)
            raise

    def refuse(self, address: str, error: WrongCredentialError) -> Never:
        """For what is no credential by its form: counted as every other, and raised again."""
        self._require_patience(address)
        self._count(address, error)
        raise error

    def _require_patience(self, address: str) -> None:
        wait = self._failures.exhausted(address)
        if wait is not None:
            audit("authentication not tried", address=address, reason="too many failed from this address")
            raise TooManyRequestsError("too many authentications failed from this address", wait)

    def _count(self, address: str, error: WrongCredentialError) -> None:
        self._failures.spend(address)
        audit("authentication refused", address=address, claimed=error.claimed, reason=str(error))

    def _spend(self, principal: Principal) -> None:
        wait = self._requests.spend(principal.id)
        if wait is not None:
            raise TooManyRequestsError(f"{principal.id} asked too much in too short a time", wait)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()


def _note_use(authenticator: Authenticator, credential: str, principal: Principal) -> None:
    try:
        authenticator.note_use(credential, principal)
    except LedgerUnavailableError as error:
        _log.warning("the use of a credential could not be noted", principal=principal.id, error=str(error))


def _remember(memory: dict[K, V], key: K, value: V) -> None:
    if len(memory) > _REMEMBERED:
        memory.clear()
    memory[key] = value
