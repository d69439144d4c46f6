"""Which witnesses there are, and how many of whom make a checkpoint count (C2SP tlog-policy)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

import msgspec

from domain.note import COSIGNATURE, ED25519, NoteError, VerifierKey, verifier_key

NONE: Final = "none"
"""The quorum that takes no witness."""
_COUNT: Final = re.compile(r"[1-9][0-9]{0,3}")


class PolicyError(ValueError):
    """A policy is not written as the specification has it; the sentence names the line."""


class PolicyWitness(msgspec.Struct, frozen=True):
    """`name`: within the policy. `url`: where it takes checkpoints."""

    name: str
    key: VerifierKey
    url: str | None


class WitnessPolicy(msgspec.Struct, frozen=True):
    """`logs`: keys of logs. `groups`: how many of which members make one. `quorum`: a witness, a group or `NONE`."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str

    def is_met(self, cosigned: Collection[VerifierKey]) -> bool:
        """Whether cosignatures by these keys are enough."""
        names = {each.name for each in self.witnesses if each.key in cosigned}

        def counts(name: str) -> bool:
            if name not in self.groups:
                return name in names
            count, members = self.groups[name]
            return sum(map(counts, members)) >= count

        return self.quorum == NONE or counts(self.quorum)

    @property
    def rule(self) -> str:
        """What the quorum comes to, whatever things are called and wherever they are: the same rule, the same text."""
        keys = {each.name: str(each.key) for each in self.witnesses}

        def written(name: str) -> str:
            if name not in self.groups:
                return keys.get(name, NONE)
            count, members = self.groups[name]
            return f"{count}({','.join(sorted(map(written, members)))})"

        return written(self.quorum)

    @property
    def id(self) -> str:
        """A digest of the rule."""
        return hashlib.sha256(self.rule.encode()).hexdigest()


def read_policy(content: str) -> WitnessPolicy:
    """A policy from its file. Raises `PolicyError`."""
    reading = _Reading()
    for number, line in enumerate(content.split("\n"), start=1):
        if any(each < " " and each != "\t" for each in line):
            raise PolicyError(f"line {number}: control characters")
        items = re.findall(r"[^ \t]+", line)
        if items and not items[0].startswith("#"):
            try:
                reading.take(items)
            except (PolicyError, NoteError) as error:
                raise PolicyError(f"line {number}: {error}") from None
    if reading.quorum is None:
        raise PolicyError("there is no quorum line")
    return WitnessPolicy(tuple(reading.logs), tuple(reading.witnesses), reading.groups, reading.quorum)


class _Reading:
    """What the lines so far come to."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: list[PolicyWitness] = []
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.quorum: str | None = None

    def take(self, items: list[str]) -> None:
        """Raises `PolicyError`, `NoteError`."""
        match items:
            case ["log", key] | ["log", key, _]:
                self.logs.append(_other_than(self.logs, verifier_key(key), ED25519))
            case ["witness", name, key] | ["witness", name, key, _]:
                known = [each.key for each in self.witnesses]
                fresh = _other_than(known, verifier_key(key), COSIGNATURE)
                self.witnesses.append(PolicyWitness(self._new(name), fresh, items[3] if len(items) > 3 else None))
            case ["group", name, count, *members] if members:
                self._group(name, count, tuple(members))
            case ["quorum", name] if self.quorum is None:
                if name != NONE:
                    self._require(name)
                self.quorum = name
            case _:
                raise PolicyError(
                    "a line is log KEY [URL], witness NAME KEY [URL], group NAME COUNT NAME…, or the one quorum NAME"
                )

    def _group(self, name: str, count: str, members: tuple[str, ...]) -> None:
        for at, member in enumerate(members):
            self._require(member)
            if member in members[:at] or member in self._grouped():
                raise PolicyError(f"{member} is in a group already")
        needed = {"all": str(len(members)), "any": "1"}.get(count, count)
        if not _COUNT.fullmatch(needed) or int(needed) > len(members):
            raise PolicyError(f"a group needs all, any, or 1 to {len(members)} of its members, not {count}")
        self.groups[self._new(name)] = (int(needed), members)

    def _grouped(self) -> Iterator[str]:
        return (member for _count, members in self.groups.values() for member in members)

    def _names(self) -> set[str]:
        return {*(each.name for each in self.witnesses), *self.groups}

    def _new(self, name: str) -> str:
        if name == NONE or name in self._names():
            raise PolicyError(f"{name} means something already")
        return name

    def _require(self, name: str) -> None:
        if name not in self._names():
            raise PolicyError(f"{name} is neither a witness nor a group of a line before")


def _other_than(known: list[VerifierKey], key: VerifierKey, kind: int) -> VerifierKey:
    """The key. Raises `PolicyError` unless it is of that type and another than those known."""
    if key.type != kind:
        raise PolicyError(f"{key.name} is a key of {'witnesses' if kind == ED25519 else 'logs'}")
    if any(each.public_key == key.public_key for each in known):
        raise PolicyError(f"the key of {key.name} is on a line before")
    return key
