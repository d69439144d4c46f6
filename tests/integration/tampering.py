"""A sealed ledger, and copies of it for whoever rules the database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo as libpq

from domain.entry import commitment, encode_entry
from domain.merkle import leaf_hash
from service.client import ApiKey, Sillok
from service.client.signing import SigningKey
from tests.integration.conftest import Running, run_service
from tests.integration.sealing import SignerProcess, as_owner, sealer
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme

KEY = SigningKey.make("owner-1")
SIGNED = ["change-consortium", "register-key"]
DEVIATION = {**HEAT, "subject": "eliminations", "actual": "0", "reason": WHY}


@dataclass(frozen=True)
class Original:
    """A database as it was. `home`: the service's. `early`: how much was sealed first, in the sealed one."""

    server: str
    name: str
    home: Path
    early: int = 0


def small_ledger(running: Running, seal: Callable[[], object]) -> int:
    """A stage that is scored and settled, signed decisions, an approval, another programme; sealed early once."""
    small = SmallProgramme(running, signed=SIGNED)
    other = SmallProgramme(running, programme="elsewhere")
    sign(small)
    small.score()
    seal()
    early = running.head()
    other.accepted("open-stage", HEAT)
    small.rule()
    small.proposed("record-deviation", DEVIATION)
    return early


def sign(small: SmallProgramme) -> None:
    """Register a key of the owner's, and decide with a signature by it."""
    owner = Sillok("http://testserver", ApiKey(small.keys["owner"]), signing=KEY, transport=small.client._transport)
    owner.decide(PROGRAMME, "register-key", {"agency": "owner", "key": KEY.kid, "jwk": KEY.public})
    owner.decide(PROGRAMME, "change-consortium", {"team": "ant", "joined": ["Lab"], "effective": "2026-01-01"})


def copied(original: Original, name: str) -> str:
    """Connection string of a copy."""
    with psycopg.connect(original.server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original.name}"')
    return libpq.make_conninfo(original.server, dbname=name)


@contextmanager
def serving(original: Original, name: str) -> Iterator[Running]:
    """A service over a copy."""
    yield from run_service(copied(original, name), original.home)


def seal_anew(running: Running, home: Path) -> None:
    """Seal by a signer of its own, or by one with that folder's key and memory."""
    signer = SignerProcess(home)
    assert signer.start() == ""
    with sealer(running.database, signer.client) as seal:
        assert seal() == "current"
    signer.kill()


def signer_of(original: Original, home: Path) -> Path:
    """The log's key, and what was signed with it, in another place."""
    shutil.copytree(original.home / "signer", home / "signer", ignore=shutil.ignore_patterns("*.sock*", "*socket*"))
    return home


@dataclass
class Database:
    """Superuser rights on the ledger."""

    conninfo: str

    def do(self, *statements: str, values: Any = None) -> None:
        as_owner(self.conninfo, *statements, values=values)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(sql).fetchall()

    def first(self, type_: str, programme: str = PROGRAMME) -> int:
        """The position of the first event of a type."""
        found = self.rows("SELECT position, type, programme FROM ledger.event ORDER BY position")
        return int(next(at for at, each, of in found if (each, of) == (type_, programme)))

    @property
    def size(self) -> int:
        return int(self.rows("SELECT count(*) FROM ledger.event")[0][0])

    def set(self, position: int, **columns: Any) -> None:
        """Change a row, and nothing else."""
        assigned = ", ".join(f"{each} = %({each})s" for each in columns)
        self.do(f"UPDATE ledger.event SET {assigned} WHERE position = %(at)s", values={**columns, "at": position})

    def get(self, position: int, column: str) -> Any:
        return self.rows(f"SELECT {column} FROM ledger.event WHERE position = {position}")[0][0]

    def replace(self, position: int, column: str, old: str, new: str) -> None:
        """Change a part of envelope or data."""
        before = bytes(self.get(position, column)).decode()
        assert old in before, before
        self.set(position, **{column: before.replace(old, new, 1).encode()})

    def commit_again(self, *positions: int) -> None:
        """Make entries that fit what stands in the rows."""
        for at in positions:
            ((programme, type_, version, recorded_at, salt, envelope, data),) = self.rows(
                "SELECT programme, type, version, recorded_at, salt, envelope, data FROM ledger.event "
                f"WHERE position = {at}"
            )
            entry = encode_entry(
                position=at,
                programme=programme,
                type_=type_,
                version=version,
                recorded_at_us=round(recorded_at.timestamp() * 1_000_000),
                commitment=commitment(bytes(salt), bytes(envelope), bytes(data)),
            )
            self.set(at, entry=entry)

    def move(self, old: int, new: int) -> None:
        self.do("UPDATE ledger.event SET position = %(new)s WHERE position = %(old)s", values={"old": old, "new": new})

    def delete(self, position: int) -> None:
        self.do("DELETE FROM ledger.event WHERE position = %(at)s", values={"at": position})

    def copy(self, position: int, to: int) -> None:
        """The same event once more, with another salt."""
        self.do(
            "INSERT INTO ledger.event SELECT %(to)s, event_id, programme, type, version, tags, recorded_at, "
            "sha256(salt)::bytea, envelope, data, entry FROM ledger.event WHERE position = %(at)s".replace(
                "sha256(salt)::bytea", "substring(sha256(salt) FOR 16)"
            ),
            values={"to": to, "at": position},
        )

    def rewrite_tree(self) -> None:
        """Tiles that fit the entries; there are fewer than a tile takes."""
        entries = [bytes(entry) for (entry,) in self.rows("SELECT entry FROM ledger.event ORDER BY position")]
        assert len(entries) < 256
        hashes = b"".join(leaf_hash(each) for each in entries)
        self.do("UPDATE seal.tile SET hashes = %(hashes)s WHERE level = 0", values={"hashes": hashes})
