"""What each type of problem means, in both languages: in Korean by the catalogue that stands beside this."""

from __future__ import annotations

import functools
from importlib.resources import files

import msgspec

from domain.sentences import Words
from service.api.problems import catalogue


class ProblemType(msgspec.Struct, frozen=True):
    """What the address in an error's `type` stands for."""

    slug: str
    status: int
    means: Words


def korean() -> dict[str, str]:
    """By slug, what each type means in Korean."""
    return msgspec.yaml.decode((files("service.web") / "problems.yaml").read_bytes(), type=dict[str, str])


@functools.cache
def problem_types() -> dict[str, ProblemType]:
    """By slug."""
    in_korean = korean()
    return {
        slug: ProblemType(slug, status, Words(en=title, ko=in_korean[slug]))
        for slug, (status, title) in catalogue().items()
    }
