"""Keys of clients."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from service.application.identity import Role, WrongCredentialError
from service.secret_rings import RAW, SecretFileError, SecretRing
from service.storage.access_database import AccessDatabase
from service.storage.keys import ApiKeys


class Issuing:
    """Keys under the pepper in a file."""

    def __init__(self, database: str, file: Path) -> None:
        self.database = AccessDatabase(database)
        self.peppers = SecretRing(file, make=True)
        self.keys = ApiKeys(self.database, self.peppers)

    def issue(self, role: Role, subject: str) -> str:
        return self.keys.issue(role, subject, operator="tests")

    def holder(self, key: str) -> tuple[str, str] | None:
        try:
            found = self.keys.authenticate(key)
        except WrongCredentialError:
            return None
        return None if found is None else (found.role, found.subject)

    def use(self, key: str) -> None:
        found = self.keys.authenticate(key)
        assert found is not None
        self.keys.note_use(key, found)


@pytest.fixture
def issuing(database: str, tmp_path: Path) -> Iterator[Issuing]:
    opened = Issuing(database, tmp_path / "pepper")
    yield opened
    opened.database.close()


def test_a_key_names_its_holder(issuing: Issuing) -> None:
    holders: list[tuple[Role, str]] = [
        ("agency", "msit"),
        ("consortium", "nc-ai"),
        ("evaluator", "e-1"),
        ("auditor", "a"),
        ("operator", "o"),
    ]
    for role, subject in holders:
        assert issuing.holder(issuing.issue(role, subject)) == (role, subject)


def test_a_key_that_is_wrong_in_any_part_is_unknown(issuing: Issuing) -> None:
    key = issuing.issue("auditor", "a")
    key_id, secret = key.split(".")
    other = issuing.issue("auditor", "b").split(".")[1]
    for wrong in ("", ".", key_id, secret, key[:-1], key + "A", f"{key_id}.{other}", key.upper(), key + "\n"):
        assert issuing.holder(wrong) is None


def test_a_revoked_key_is_unknown_and_stays_revoked(issuing: Issuing) -> None:
    key = issuing.issue("agency", "msit")
    key_id = key.split(".")[0]
    assert issuing.holder(key) is not None
    assert issuing.keys.revoke(key_id, operator="tests")
    assert issuing.holder(key) is None
    before = issuing.keys.every()
    assert issuing.keys.revoke(key_id, operator="tests")
    assert issuing.keys.every() == before
    assert not issuing.keys.revoke("slk_0000000000000000", operator="tests")


def test_a_key_that_expired_is_unknown(issuing: Issuing) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    good = issuing.keys.issue("agency", "msit", operator="tests", expires_at=ends)
    gone = issuing.keys.issue("agency", "msit", operator="tests", expires_at=datetime.now(UTC))
    assert issuing.holder(good) is not None
    assert issuing.holder(gone) is None
    assert {each.expires_at for each in issuing.keys.every()} >= {ends}


def test_the_last_use_is_known_to_the_minute(issuing: Issuing) -> None:
    key = issuing.issue("agency", "msit")
    assert issuing.keys.every()[0].last_used_at is None
    issuing.use(key)
    noted = issuing.keys.every()[0].last_used_at
    assert noted is not None
    issuing.use(key)
    assert issuing.keys.every()[0].last_used_at == noted


def test_a_key_is_compared_in_constant_time_also_where_its_id_is_unknown(
    issuing: Issuing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One keyed hash and one comparison of 32 bytes, whatever is wrong."""
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def counted(stored: bytes, given: bytes) -> bool:
        compared.append((len(stored), len(given)))
        return compare(stored, given)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    revoked, known = issuing.issue("agency", "msit"), issuing.issue("agency", "msit")
    issuing.keys.revoke(revoked.partition(".")[0], operator="tests")
    key_id, _, secret = known.partition(".")
    for key in (f"slk_{'0' * 16}.{secret}", f"{key_id}.{'A' * 43}", f"{key_id}.{secret[:-1]}_", revoked, known):
        compared.clear()
        assert (issuing.holder(key) is None) == (key != known)
        assert compared == [(32, 32)], key


def test_the_secret_is_not_stored(database: str, issuing: Issuing) -> None:
    secret = issuing.issue("agency", "msit").split(".")[1]
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT to_jsonb(k)::text, secret_hash FROM access.api_key k").fetchall()
        audit = connection.execute("SELECT to_jsonb(a)::text FROM access.audit a").fetchall()
    assert all(secret not in text and secret.encode() not in stored for text, stored in rows)
    assert all(secret not in text for (text,) in audit)


def test_who_issued_and_who_revoked_is_recorded(database: str, issuing: Issuing) -> None:
    key_id = issuing.issue("agency", "msit").split(".")[0]
    issuing.keys.revoke(key_id, operator="someone")
    issuing.keys.revoke("slk_0000000000000000", operator="someone")
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT operator, act, object FROM access.audit ORDER BY id").fetchall()
    assert rows == [("tests", "key issued", key_id), ("someone", "key revoked", key_id)]


def test_a_key_is_worth_nothing_under_another_pepper(database: str, issuing: Issuing, tmp_path: Path) -> None:
    key = issuing.issue("agency", "msit")
    other = Issuing(database, tmp_path / "other")
    assert other.holder(key) is None
    other.database.close()


def test_keys_go_on_under_a_former_pepper_and_change_over_when_used(issuing: Issuing) -> None:
    former = issuing.peppers.current().id
    used, rests = issuing.issue("agency", "msit"), issuing.issue("agency", "nipa")
    issuing.use(used)
    issuing.peppers.add(after=timedelta())
    assert issuing.holder(used) == ("agency", "msit")
    issuing.use(used)
    assert issuing.keys.under(former) == 1
    issuing.peppers.drop(former)
    assert issuing.holder(used) == ("agency", "msit")
    assert issuing.holder(rests) is None


def test_a_key_from_before_peppers_had_ids_goes_on(database: str, tmp_path: Path) -> None:
    (tmp_path / "pepper").write_bytes(b"p" * 32)
    issuing = Issuing(database, tmp_path / "pepper")
    key = issuing.issue("agency", "msit")
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE access.api_key SET pepper_id = NULL")
    issuing.peppers.add(after=timedelta())
    assert issuing.holder(key) == ("agency", "msit")
    issuing.use(key)
    issuing.peppers.drop(RAW)
    assert issuing.holder(key) == ("agency", "msit")
    issuing.database.close()


def test_a_short_pepper_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_bytes(b"short")
    with pytest.raises(SecretFileError, match="32 bytes"):
        SecretRing(tmp_path / "pepper", make=True).current()
