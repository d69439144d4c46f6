"""Secrets that are changed without downtime."""

from __future__ import annotations

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service import secret_rings
from service.secret_rings import SecretFileError, SecretRing


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def _looking_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_rings, "_LOOK_SECONDS", 0.0)


def test_the_first_one_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "home" / "pepper"
    rings = [SecretRing(file, make=True) for _ in range(8)]
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda ring=ring: found.append(ring.current().value)) for ring in rings]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["pepper"]


def test_one_that_others_share_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="No such file"):
        SecretRing(tmp_path / "pepper", make=False).current()


def test_a_new_one_is_known_before_it_is_used_and_the_former_one_afterwards(tmp_path: Path) -> None:
    clock = Clock()
    ring, other = (SecretRing(tmp_path / "keys", make=True, clock=clock) for _ in range(2))
    first = ring.current()
    fresh = ring.add(after=timedelta(minutes=10))
    assert [(each.id, state) for each, state in other.every()] == [(fresh.id, "next"), (first.id, "current")]
    assert other.superseded(first.id) is None
    clock.now += timedelta(minutes=10)
    assert other.current() == fresh
    assert [state for _each, state in other.every()] == ["current", "former"]
    assert other.superseded(first.id) == clock.now
    with pytest.raises(SecretFileError, match="in use"):
        ring.drop(fresh.id)
    ring.drop(first.id)
    assert other.find(first.id) is None


def test_a_service_goes_on_with_what_it_knows_when_the_file_is_damaged(tmp_path: Path) -> None:
    ring = SecretRing(tmp_path / "keys", make=True)
    first = ring.current()
    (tmp_path / "keys").write_bytes(b"{}")
    assert ring.current() == first
    (tmp_path / "keys").unlink()
    assert ring.current() == first
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "shorter than 32"),
        (b"{}", "as they were written"),
        (b'{"secrets": []}', "none is in use"),
        (b'{"secrets": [{"id": "a", "secret": "AAAA", "since": "2020-01-01T00:00:00Z"}]}', "shorter than 32"),
        (b'{"secrets": [{"id": "a", "secret": "A", "since": "2020-01-01T00:00:00Z"}]}', "as they were written"),
    ],
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(SecretFileError, match=fault):
        SecretRing(tmp_path / "keys", make=True).current()
    assert (tmp_path / "keys").read_bytes() == content


def test_a_secret_shows_itself_by_its_id_only(tmp_path: Path) -> None:
    secret = SecretRing(tmp_path / "keys", make=True).current()
    assert str(secret) == f"Secret({secret.id})"
