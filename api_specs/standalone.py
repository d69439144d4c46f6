"""The tables of the stand-alone verifier that say what the rulebook says: it imports nothing of Sillok."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from api_specs.shapes import former, shapes, tag_fields
from domain.as_asked import FILLED_IN, shared
from domain.event import EVENTS
from domain.rulebook import DECISION_OF, DECISIONS
from domain.system import REACTIONS
from service.verify.standalone import TEXTS

STANDALONE: Final = Path(__file__).parent.parent / "service" / "verify" / "standalone.py"


def with_rulebook(source: str) -> str:
    """The verifier's source with the tables as the rulebook has them now."""
    assert {each.own for each in DECISIONS.values()} <= {None, "team"}, "the field that the verifier looks at"
    for name, table in (
        ("DECISION_OF", DECISION_OF),
        ("LEFT_OUT", {each: found for each in DECISION_OF if (found := dict(_left_out(each)))}),
        ("OF_ITSELF", {name: each.in_person for name, each in DECISIONS.items() if each.own is not None}),
        ("REACTIONS", REACTIONS),
        ("TAGS", tag_fields()),
        ("FORMER", former()),
        ("OF_NO_MANDATE", dict.fromkeys(name for name, each in DECISIONS.items() if not each.mandated)),
    ):
        rows = "".join(f"    {_row(key, value)},\n" for key, value in sorted(table.items()))
        source = _replaced(rf"(?ms)^{name} = \{{$.*?^\}}", f"{name} = {{\n{rows}}}", source)
    lines = "".join(_shape(f"{name} {said}") for name, said in sorted(shapes(TEXTS).items()))
    return _replaced(r'(?ms)^SHAPES = """$.*?^"""', f'SHAPES = """\n{lines}"""', source)


def _replaced(table: str, content: str, source: str) -> str:
    found, count = re.subn(table, lambda _found: content, source, count=1)
    assert count == 1, table
    return found


def _shape(line: str) -> str:
    """As lines of the file, those after the first indented."""
    return "\n".join(textwrap.wrap(line, 118, subsequent_indent="    ", break_on_hyphens=False)) + "\n"


def _left_out(event: str) -> Iterator[tuple[str, Any]]:
    """Fields that the command of an event may leave out, with what the event says then."""
    command = DECISIONS[DECISION_OF[event]].command
    may_be = {each.name: each for each in msgspec.structs.fields(command) if not each.required}
    for field in shared(command, EVENTS[event]):
        if field in may_be and (event, field) not in FILLED_IN:
            default, factory = may_be[field].default, may_be[field].default_factory
            yield field, factory() if default is msgspec.NODEFAULT else default


def _row(key: str, value: object) -> str:
    """As source: texts in double quotes, lists as in JSON; nothing but the key where it says nothing."""
    said = repr(msgspec.json.decode(msgspec.json.encode(value)))
    return f'"{key}"' if value is None else f'"{key}": {said}'.replace("'", '"')
