"""Changing the service's own secrets without downtime."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from service.application.audit import audit
from service.application.identity import Secret, Secrets
from service.application.tokens import CLOCKS_DIFFER, LIFETIME

LEAD: Final = timedelta(minutes=10)
"""How long a new secret is known before it is used: others keep published keys for five minutes."""

Kind = Literal["pepper", "tokens", "log"]
KINDS: Final[tuple[Kind, ...]] = ("pepper", "tokens", "log")


class ChangingSecrets(Secrets, Protocol):
    """Secrets that can be added and dropped."""

    def add(self, *, after: timedelta) -> Secret:
        """A new one, to be current `after` now."""
        ...

    def drop(self, *ids: str) -> None:
        """Forget some. Raises if one of them is current."""
        ...


class Peppered(Protocol):
    """What is hashed with peppers."""

    def under(self, pepper_id: str) -> int:
        """How many keys that may still be used are hashed with it, or with one that is not known."""
        ...


class Journal(Protocol):
    """Where acts of operators are recorded."""

    def act(self, operator: str, act: str, object_: str) -> bool:
        """Record it."""
        ...


class SecretInUseError(Exception):
    """A secret cannot be dropped; the sentence says what still rests on it."""


class NoSuchRingError(Exception):
    """Secrets of this kind are kept elsewhere."""


class Rotation:
    """Peppers, which keys are hashed with, and the keys that tokens and checkpoints are signed with.

    `log`: the latter, where the signer's folder is.
    """

    def __init__(
        self,
        peppers: ChangingSecrets,
        tokens: ChangingSecrets,
        keys: Peppered,
        journal: Journal,
        *,
        log: ChangingSecrets | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self.rings: dict[Kind, ChangingSecrets] = {"pepper": peppers, "tokens": tokens}
        if log is not None:
            self.rings["log"] = log
        self._keys = keys
        self._journal = journal
        self._now = now

    def rotate(self, kind: Kind, operator: str, *, at_once: bool = False) -> str:
        """The id of a new secret, current after `LEAD`, and what ended is dropped. Meanwhile nothing is refused.

        `at_once`: current now. Keys go on under former peppers; tokens by former keys are refused, as after a theft,
        and checkpoints are no longer signed with them. Raises `NoSuchRingError`.
        """
        ring = self._ring(kind)
        fresh = ring.add(after=timedelta() if at_once else LEAD)
        former = [each for each, state in ring.every() if state == "former"] if kind != "pepper" else []
        ring.drop(*(each.id for each in former if at_once or (kind == "tokens" and self._ended(each))))
        self._record(operator, f"{kind} rotated", fresh.id)
        return fresh.id

    def drop(self, kind: Kind, id_: str, operator: str) -> None:
        """Forget a secret that is not current. Raises `NoSuchRingError`; `SecretInUseError` if keys rest on it."""
        ring = self._ring(kind)
        if ring.find(id_) is None:
            raise SecretInUseError(f"there is no secret {id_!r}")
        if kind == "pepper" and (count := self._keys.under(id_)):
            raise SecretInUseError(
                f"{count} keys are hashed with pepper {id_}: each changes over at its next use; revoke those that rest"
            )
        ring.drop(id_)
        self._record(operator, f"{kind} dropped", id_)

    def _ring(self, kind: Kind) -> ChangingSecrets:
        if kind not in self.rings:
            raise NoSuchRingError("the log's keys are not here: ask where its signer runs")
        return self.rings[kind]

    def _ended(self, secret: Secret) -> bool:
        """Whether every token that it signed has expired."""
        since = self.rings["tokens"].superseded(secret.id)
        return since is not None and since + LIFETIME + CLOCKS_DIFFER < self._now()

    def _record(self, operator: str, act: str, id_: str) -> None:
        self._journal.act(operator, act, id_)
        audit(act, operator=operator, object=id_)
