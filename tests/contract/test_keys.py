"""Keys of clients."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from service.application.identity import Role
from service.storage.keys import ApiKeys

PEPPER = b"p" * 32


@pytest.fixture
def keys(database: str) -> Iterator[ApiKeys]:
    opened = ApiKeys(database, PEPPER)
    yield opened
    opened.close()


def test_a_key_names_its_holder(keys: ApiKeys) -> None:
    holders: list[tuple[Role, str, str | None]] = [
        ("agency", "msit", "msit"),
        ("consortium", "nc-ai", None),
        ("auditor", "a", None),
    ]
    for role, subject, agency in holders:
        found = keys.authenticate(keys.issue(role, subject))
        assert found is not None
        assert (found.role, found.subject, found.agency) == (role, subject, agency)


def test_a_key_that_is_wrong_in_any_part_is_unknown(keys: ApiKeys) -> None:
    key = keys.issue("auditor", "a")
    key_id, secret = key.split(".")
    other = keys.issue("auditor", "b").split(".")[1]
    for wrong in ("", ".", key_id, secret, key[:-1], key + "A", f"{key_id}.{other}", key.upper(), key + "\n"):
        assert keys.authenticate(wrong) is None


def test_a_revoked_key_is_unknown(keys: ApiKeys) -> None:
    key = keys.issue("agency", "msit")
    assert keys.authenticate(key) is not None
    assert keys.revoke(key.split(".")[0])
    assert keys.authenticate(key) is None
    assert not keys.revoke(key.split(".")[0])


def test_the_secret_is_not_stored(database: str, keys: ApiKeys) -> None:
    secret = keys.issue("agency", "msit").split(".")[1]
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT to_jsonb(k)::text, secret_hash FROM access.api_key k").fetchall()
    assert all(secret not in text and secret.encode() not in stored for text, stored in rows)


def test_a_key_is_worth_nothing_under_another_pepper(database: str, keys: ApiKeys) -> None:
    key = keys.issue("agency", "msit")
    other = ApiKeys(database, b"q" * 32)
    assert other.authenticate(key) is None
    other.close()


def test_a_short_pepper_is_refused(database: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ApiKeys(database, b"short")
