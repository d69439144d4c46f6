"""An event told to a person: who decided what, when, why, and who countersigned."""

from __future__ import annotations

from typing import Final

import msgspec

from domain.deadlines import moment
from domain.event import Event
from domain.naming import NamesThen
from domain.scalars import Names
from domain.sentences import LANGUAGES, Language, Words, told

_UNNAMED: Final = Words("A body that the report does not name", "보도에 밝혀지지 않은 주체")
ACTOR: Final = "actor"


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds an event, as it was recorded. `actor`: who sent it; `proposer`: who proposed what they approved.

    `decided_at`: null of what was reported, of which `source` and `decided_by` may be known. `follows`: the position of
    what a decision of the system follows from.
    """

    actor: str
    proposer: str | None
    decided_at: str | None
    reported: bool
    source: str | None
    decided_by: str | None
    follows: int | None = None


class _Around(msgspec.Struct, frozen=True):
    """A sentence of its own beside the event's, with a place for what is to be named in it."""

    en: str
    ko: str

    def __call__(self, words: Words) -> Words:
        return Words(self.en.format(words.en), self.ko.format(words.ko))


_DAY: Final = _Around("On {}, ", "{} ")
_REASON: Final = _Around("Reason: “{}”.", "사유: “{}”.")
_APPROVED: Final = _Around("Countersigned by {}.", "승인 기관: {}.")
_ENTERED: Final = _Around("Entered by {}.", "입력 기관: {}.")
_FOLLOWS: Final = _Around(
    "It follows by itself from position {}, as the charter has it.", "헌장에 따라 기록 {}번에서 자동으로 이어진 결정."
)
_SOURCE: Final = _Around("Reported by {}.", "보도 출처: {}.")
_RULES: Final = _Around("Rules: the charter in force since position {}.", "적용 규정: 기록 {}번부터 시행된 헌장.")


def recounted(event: Event, around: Circumstances, names: NamesThen) -> Words:
    """The event in a person's words, in the names of then."""
    who = around.decided_by if around.reported else around.proposer or around.actor
    actor = _UNNAMED if who is None else names.party(who)
    what = told(event.SAYS, event, {ACTOR: actor}, names)
    begins = Words("", "") if around.decided_at is None else _DAY(names.day(moment(around.decided_at)))
    sentences = [Words(f"{begins.en}{what.en}.", f"{begins.ko}{what.ko}.")]
    if (reason := getattr(event, "reason", None)) is not None:
        sentences.append(_REASON(_plain(reason)))
    if around.proposer is not None:
        sentences.append(_APPROVED(names.party(around.actor)))
    elif who is not None and actor.en not in what.en:
        sentences.append(_ENTERED(actor))
    if around.follows is not None:
        sentences.append(_FOLLOWS(Words(str(around.follows), str(around.follows))))
    if around.source is not None and around.source not in what.en:
        sentences.append(_SOURCE(Words(around.source, around.source)))
    if names.since != names.position:
        sentences.append(_RULES(Words(str(names.since), str(names.since))))
    return Words(*(_joined(sentences, language) for language in LANGUAGES))


def _plain(reason: Names | str) -> Words:
    en, ko = (reason, reason) if isinstance(reason, str) else (reason.en, reason.ko)
    return Words(en.rstrip("."), ko.rstrip("."))


def _joined(sentences: list[Words], language: Language) -> str:
    return " ".join(getattr(each, language) for each in sentences)
