"""What every event says to a person: in both languages, of fields that it has, in names instead of ids."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from domain.charter import CHARTER_EVENTS
from domain.charter_document import canonical
from domain.charter_document import parse as charter_of
from domain.envelope import Actor
from domain.event import EVENTS, Event, decode_data
from domain.naming import KINDS, Naming
from domain.recounting import ACTOR, Circumstances, recounted
from domain.scalars import Names
from domain.sentences import LANGUAGES, Choice, Place, Says, Words, listed, parse, told
from service.cli.programme_files import read_charter
from tests.playing import EVERY, PROGRAMMES, REHEARSAL, lines_of, play

FIXTURES = msgspec.json.decode((Path(__file__).parent / "vectors" / "events.json").read_bytes())


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    team: str = "nc-ai"
    reason: Names | None = None
    flag: bool = False
    parts: tuple[str, ...] = ()
    stance: str = "for"


class Known:
    """Names of nothing but one team."""

    def name(self, kind: str, value: Any, within: Sequence[Any]) -> Words | None:
        return Words("Team A", "가온 팀") if kind == "team" and value == "nc-ai" else None


def said(template: str, thing: Thing, **terms: dict[str, Words]) -> Words:
    return told(Says(en=template, ko=template, terms=terms), thing, {"actor": Words("The owner", "주관부처")}, Known())


@pytest.mark.parametrize(
    ("template", "thing", "ko"),
    [
        ("{actor}이(가) {team}을(를)", Thing(), "주관부처가 가온 팀을"),
        ("“{team}”을(를)", Thing(), "“가온 팀”을"),
        ("{team}[ for {reason}].", Thing(reason=Names(en="it", ko="그것")), "가온 팀 for 그것."),
        ("{team}[ for {reason}].", Thing(), "가온 팀."),
        ("[{parts}|none]", Thing(), "none"),
        ("[{parts}|none]", Thing(parts=("x", "y", "z")), "x, y, z"),
        ("late[{flag}, too late]", Thing(flag=True), "late, too late"),
        ("late[{flag}, too late]", Thing(), "late"),
        ("[[{parts}] and {team}|none]", Thing(), " and 가온 팀"),
        ("{team}", Thing(team="other"), "other"),
    ],
)
def test_a_place_stands_for_what_the_event_has(template: str, thing: Thing, ko: str) -> None:
    assert said(template, thing).ko == ko


def test_each_language_has_its_own_names_and_lists() -> None:
    found = said("{actor}: {team}, {parts}", Thing(parts=("x", "y", "z")))
    assert found == Words("The owner: Team A, x, y and z", "주관부처: 가온 팀, x, y, z")


def test_a_value_is_said_by_its_term() -> None:
    terms = {"stance": {"for": Words("spoke for {team}", "{team}에 찬성")}}
    assert said("{actor}: {stance}", Thing(), **terms).ko == "주관부처: 가온 팀에 찬성"


@pytest.mark.parametrize("template", ["{a}]", "[{a}", "a|b"])
def test_brackets_match(template: str) -> None:
    with pytest.raises(ValueError, match=r"bracket|out of place"):
        parse(template)


def test_lists_are_read_as_each_language_reads_them() -> None:
    assert (listed(["a"], "en"), listed(["a", "b"], "en"), listed(["a", "b"], "ko")) == ("a", "a and b", "a, b")


def places(template: str) -> Iterator[Place]:
    def within(parts: Sequence[Any]) -> Iterator[Place]:
        for part in parts:
            if isinstance(part, Place):
                yield part
            elif isinstance(part, Choice):
                yield from within((*part.first, *part.otherwise))

    return within(parse(template))


def alternatives(type_: Any) -> Iterator[Any]:
    """What a value of the type can be: unions and tuples taken apart."""
    if typing.get_origin(type_) in (typing.Union, types.UnionType):
        for each in typing.get_args(type_):
            yield from alternatives(each)
    elif typing.get_origin(type_) is typing.Annotated or typing.get_origin(type_) is tuple:
        yield from alternatives(typing.get_args(type_)[0])
    else:
        yield type_


def type_of(cls: Any, path: str) -> Any:
    """The type of a field or property, at a path of them. Raises `AttributeError`."""
    for name in path.split("."):
        owners = [each for each in alternatives(cls) if hasattr(each, "__struct_fields__") and hasattr(each, name)]
        if not owners:
            raise AttributeError(f"{cls} has no {name}")
        found = getattr(owners[0], name)
        asked = found.fget if isinstance(found, property) else owners[0]
        hints = typing.get_type_hints(asked, include_extras=True)
        cls = hints["return" if isinstance(found, property) else name]
    return cls


def faults(cls: type[Event], says: Says) -> Iterator[str]:
    """What is wrong with the sentences of an event type."""
    for language in LANGUAGES:
        if not getattr(says, language):
            yield f"no sentence in {language}"
        if not getattr(says.title, language):
            yield f"no title in {language}"
        yield from of_template(cls, says, getattr(says, language))


def of_template(cls: Any, says: Says, template: str) -> Iterator[str]:
    for place in places(template):
        if place.path == ACTOR:
            continue
        field = place.path.rpartition(".")[2]
        if place.kind not in KINDS and place.kind != field:
            yield f"{place.kind} is no kind"
        try:
            type_ = type_of(cls, place.path)
        except AttributeError:
            yield f"no field {place.path}"
            continue
        terms = says.terms.get(field, {})
        for each in alternatives(type_):
            wanted: tuple[str, ...] = ()
            if typing.get_origin(each) is Literal and field not in KINDS:
                wanted = tuple(value for value in typing.get_args(each) if value != "undisclosed")
            elif hasattr(each, "__struct_fields__") and not issubclass(each, Names | Actor):
                wanted = (str(each.__struct_config__.tag or ""),)
            for value in wanted:
                if value not in terms:
                    yield f"{field}: nothing is said for {value!r}"
                    continue
                inner = each if hasattr(each, "__struct_fields__") else cls
                for language in LANGUAGES:
                    yield from of_template(inner, says, getattr(terms[value], language))


@pytest.mark.parametrize("type_", EVENTS)
def test_every_event_type_has_both_sentences_of_fields_that_it_has(type_: str) -> None:
    assert list(faults(EVENTS[type_], EVENTS[type_].SAYS)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"ko": ""}, "no sentence in ko"),
        ({"title": Words("Team eliminated", "")}, "no title in ko"),
        ({"en": "{actor} eliminated {loser}"}, "no field loser"),
        ({"en": "{team:club}"}, "club is no kind"),
        ({"terms": {}}, "basis: nothing is said for 'rank'"),
    ],
)
def test_a_faulty_sentence_is_found(change: dict[str, Any], fault: str) -> None:
    cls = EVENTS["TeamEliminated"]
    assert fault in list(faults(cls, msgspec.structs.replace(cls.SAYS, **change)))


def own_words(value: Any) -> Iterator[str]:
    """Texts of more than one word in an event: what somebody wrote, ids and all."""
    if isinstance(value, str):
        if " " in value:
            yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from own_words(each)


def require_in_names(event: Event, naming: Naming, position: int, *, reported: bool) -> None:
    names = naming.at(position)
    around = Circumstances(
        actor=names.charter.owner,
        proposer=names.charter.agencies[-1].id,
        decided_at="2026-01-16T03:00:00.000000Z",
        reported=reported,
        source="A report" if reported else None,
        decided_by=None,
    )
    text = recounted(event, around, names)
    known = [
        *(team for team in naming.teams if names.team(team)),
        *(agency.id for agency in names.charter.agencies if agency.id not in (agency.name.en, agency.name.ko)),
        *(stage.id for stage in names.charter.stages),
    ]
    for language in LANGUAGES:
        told_so: str = getattr(text, language)
        for mark in ("None", "{", "}", "[", "]", "()", "(은)", "(가)", "  "):
            assert mark not in told_so, told_so
        for own in own_words(msgspec.to_builtins([event, names.charter])):
            told_so = told_so.replace(own.rstrip("."), "")
        if event.TYPE == "NoticeServed":  # the values of its variables are the agency's own words
            continue
        for each in known:
            assert re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", told_so) is None, (each, told_so)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda each: f"{each['type']}-{each['version']}")
def test_every_fixture_is_told_in_names(fixture: dict[str, Any]) -> None:
    charter = charter_of(canonical(read_charter(PROGRAMMES / REHEARSAL / "charter.yaml")))
    naming = Naming.of(((1, charter),), enumerate(play(REHEARSAL, lines_of(REHEARSAL)[:6]), 1))
    event = decode_data(fixture["type"], fixture["version"], fixture["data"].encode())
    require_in_names(event, naming, 1000, reported=False)


@pytest.mark.parametrize("programme", EVERY)
def test_every_event_of_the_programmes_is_told_in_names(programme: str) -> None:
    events = list(enumerate(play(programme, lines_of(programme)), 1))
    charters = tuple(
        (at, charter_of(each.document.encode())) for at, each in events if isinstance(each, CHARTER_EVENTS)
    )
    naming = Naming.of(charters, events)
    for position, event in events:
        require_in_names(event, naming, position, reported=charters[0][1].recorder is not None)
