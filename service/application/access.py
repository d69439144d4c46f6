"""Who may come in: credentials, the limits on asking and on guessing, and a line for each that is refused."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Never, TypeVar

import structlog

from service.application.audit import audit
from service.application.identity import (
    Authenticator,
    Limit,
    Person,
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

    `requests`: of one client, whatever its credentials. `failures`: of one address; whoever was let in before goes on.
    `later`: does something off the path of the request.
    """

    def __init__(
        self,
        authenticators: Sequence[Authenticator],
        sessions: Authenticator,
        tokens: Tokens,
        *,
        requests: Limit,
        failures: Limit,
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._authenticators = authenticators
        self._sessions = (sessions,)
        self._tokens = tokens
        self._requests = requests
        self._failures = failures
        self._later = later
        self._known: dict[bytes, tuple[float, Principal | Person]] = {}
        self._let_in: dict[bytes, bool] = {}
        self._noted: dict[str, float] = {}
        self._revocations = 0
        self._remembering = threading.Lock()

    def enter(self, credential: str, address: str, acting_for: str | None = None) -> Principal:
        """The holder of a credential; `acting_for`: see `Person.acting`, which says what is raised besides.

        Raises `WrongCredentialError`, `TooManyRequestsError`.
        """
        return self._holder(credential, address, self._authenticators).acting(acting_for)

    def enter_session(self, secret: str, address: str) -> Person:
        """The person whose session a cookie is. Raises `SessionEndedError`, `TooManyRequestsError`."""
        found = self._holder(secret, address, self._sessions)
        assert isinstance(found, Person)
        return found

    def _holder(self, credential: str, address: str, authenticators: Sequence[Authenticator]) -> Principal | Person:
        digest = mark(credential, "session" if authenticators is self._sessions else "credential")
        holder = self._remembered(digest)
        if holder is None:
            revocations = self._revocations
            verify = partial(self._authenticate, credential, authenticators)
            try:
                holder = self.guarded(address, verify, let_in=digest in self._let_in)
            except WrongCredentialError:
                self._let_in.pop(digest, None)
                raise
            _remember(self._let_in, digest, True)
            with self._remembering:
                if revocations == self._revocations:  # else it may have been revoked while it was looked up
                    _remember(self._known, digest, (time.monotonic() + REMEMBERED_SECONDS, holder))
        self._spend(holder)
        return holder

    def enter_at_once(self, credential: str, acting_for: str | None = None) -> Principal | None:
        """The holder, if that can be told without waiting for anything; else it is for `enter` to tell."""
        return self.enter_marked_at_once(mark(credential), acting_for)

    def enter_marked_at_once(self, digest: bytes, acting_for: str | None = None) -> Principal | None:
        """As `enter_at_once`, by the credential's mark."""
        holder = self._remembered(digest)
        if holder is None or not self._requests.spend_at_once(holder.id):
            return None
        return holder.acting(acting_for)

    def _remembered(self, digest: bytes) -> Principal | Person | None:
        until, holder = self._known.get(digest, (0.0, None))
        return holder if until > time.monotonic() else None

    def issue_token(self, assertion: str, client: str | None, address: str) -> Issued:
        """See `Tokens.issue`; raises `TooManyRequestsError` besides."""
        issued = self.guarded(address, lambda: self._tokens.issue(assertion, client))
        self._spend(issued.principal)
        return issued

    def forget(self) -> None:
        """Ask again about every credential: one was revoked."""
        with self._remembering:
            self._revocations += 1
            self._known.clear()

    def _authenticate(self, credential: str, authenticators: Sequence[Authenticator]) -> Principal | Person:
        for each in authenticators:
            holder = each.authenticate(credential)
            if holder is not None:
                used = holder.session or holder.id if isinstance(holder, Person) else holder.id
                if time.monotonic() >= self._noted.get(used, 0.0):
                    _remember(self._noted, used, time.monotonic() + _NOTED_SECONDS)
                    self._later(partial(_note_use, each, credential, holder))
                return holder
        raise WrongCredentialError("it is neither a key nor a token")

    def guarded(self, address: str, verify: Callable[[], T], *, let_in: bool = False) -> T:
        """What `verify` gives, unless too much failed from the address; a failure is counted and leaves a line.

        `let_in`: this was good before, so nobody guesses, and it is verified in any case.
        """
        if not let_in:
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

    def _spend(self, holder: Principal | Person) -> None:
        wait = self._requests.spend(holder.id)
        if wait is not None:
            raise TooManyRequestsError(f"{holder.id} asked too much in too short a time", wait)


def mark(credential: str, kind: str = "credential") -> bytes:
    """What stands for a credential, which is kept nowhere."""
    # A cookie that is remembered is no key, whatever it is called.
    return hashlib.sha256(f"{kind} {credential}".encode()).digest()


def _note_use(authenticator: Authenticator, credential: str, holder: Principal | Person) -> None:
    try:
        authenticator.note_use(credential, holder)
    except LedgerUnavailableError as error:
        _log.warning("the use of a credential could not be noted", principal=holder.id, error=str(error))


def _remember(memory: dict[K, V], key: K, value: V) -> None:
    if len(memory) > _REMEMBERED:
        memory.clear()
    memory[key] = value
