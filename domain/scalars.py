"""What a field of a charter or of a command can be: a text, by what is expected of it, or a name in both languages."""

from __future__ import annotations

from typing import Annotated

import msgspec

from domain.boundary import IDENTIFIER, whole

Identifier = Annotated[
    str, whole(IDENTIFIER, "a name of 1 to 64 lower-case letters, digits, dots and hyphens", max_length=64)
]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000, description="a text of 1 to 4000 characters")]
Number = Annotated[str, whole("0|[1-9][0-9]{0,8}", "a whole number from 0 to 999999999")]
Days = Annotated[
    str,
    whole("0|[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650", "a whole number of days from 0 to 3650"),
]
Cut = Annotated[
    str,
    whole("none|0|[1-9][0-9]{0,8}", "a whole number from 0 to 999999999 of teams that are dropped, or none"),
]
Precision = Annotated[str, whole("[0-6]|undisclosed", "a number of decimals from 0 to 6, or undisclosed")]
Quorum = Annotated[str, whole("[1-9][0-9]{0,8}|undisclosed", "a whole number of 1 or more, or undisclosed")]
Points = Annotated[
    str, msgspec.Meta(max_length=40, description="a decimal of at most 40 characters, such as 12.5, or undisclosed")
]
Date = Annotated[str, msgspec.Meta(description="a day, such as 2026-03-01")]
Sha256 = Annotated[str, whole("[0-9a-f]{64}", "a SHA-256 as 64 hexadecimal digits in lower case")]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a document: a field that it does not know is a fault."""


class Names(Part, frozen=True, kw_only=True):
    """A name in both languages of the programme."""

    en: Text
    ko: Text
