"""When secrets are changed: nothing that was made with a former one is refused too early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.application.rotation import LEAD, Rotation, SecretInUseError
from service.application.tokens import LIFETIME
from service.secret_rings import SecretRing


class Times:
    """A clock, keys that rest on every pepper, and what was recorded."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.resting = 1
        self.recorded: list[tuple[str, str, str]] = []

    def clock(self) -> datetime:
        return self.now

    def under(self, pepper_id: str) -> int:
        return self.resting

    def act(self, operator: str, act: str, object_: str) -> bool:
        self.recorded.append((operator, act, object_))
        return True


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def rotation(times: Times, tmp_path: Path) -> Rotation:
    peppers, tokens = (SecretRing(tmp_path / name, make=True, clock=times.clock) for name in ("pepper", "tokens"))
    return Rotation(peppers, tokens, times, times, now=times.clock)


def states(rotation: Rotation) -> list[str]:
    return [state for _secret, state in rotation.rings["tokens"].every()]


def test_a_former_token_key_stays_until_every_token_of_it_has_expired(rotation: Rotation, times: Times) -> None:
    first = rotation.rings["tokens"].current().id
    rotation.rotate("tokens", "me")
    assert states(rotation) == ["next", "current"]
    times.now += LEAD + LIFETIME
    rotation.rotate("tokens", "me")
    assert states(rotation) == ["next", "current", "former"]
    times.now += timedelta(seconds=11)
    rotation.rotate("tokens", "me")
    assert states(rotation) == ["next", "next", "current"]
    assert rotation.rings["tokens"].find(first) is None


def test_after_a_theft_only_the_new_token_key_is_left(rotation: Rotation, times: Times) -> None:
    rotation.rotate("tokens", "me")
    times.now += LEAD
    fresh = rotation.rotate("tokens", "me", at_once=True)
    assert [(secret.id, state) for secret, state in rotation.rings["tokens"].every()] == [(fresh, "current")]


def test_peppers_stay_while_keys_rest_on_them(rotation: Rotation, times: Times) -> None:
    first = rotation.rings["pepper"].current().id
    fresh = rotation.rotate("pepper", "me", at_once=True)
    with pytest.raises(SecretInUseError, match="1 keys"):
        rotation.drop("pepper", first, "me")
    times.resting = 0
    rotation.drop("pepper", first, "me")
    assert [secret.id for secret, _state in rotation.rings["pepper"].every()] == [fresh]
    assert times.recorded == [("me", "pepper rotated", fresh), ("me", "pepper dropped", first)]
