"""The rulebook as a page: every decision, and every state machine as a diagram, drawn from the code itself."""

from __future__ import annotations

from collections.abc import Iterator

from domain.machines import MACHINES, Machine
from domain.rulebook import DECISIONS


def rulebook_page() -> str:
    """`api_specs/rulebook.md`; a test holds it against the code."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The rulebook"
    yield ""
    yield "Made from the code by `make specs`. What each decision's fields are stands in `openapi.json`."
    yield ""
    yield "## Decisions"
    yield ""
    yield "| decision | does | a consortium may, about itself |"
    yield "| --- | --- | --- |"
    for decision in sorted(DECISIONS.values(), key=lambda each: each.type):
        own = "" if decision.own is None else "where the charter says so"
        yield f"| `{decision.type}` | {decision.summary} | {own} |"
    for machine in sorted(MACHINES.values(), key=lambda each: each.name):
        yield ""
        yield f"## The states of {machine.one}"
        yield ""
        if any(each.only for each in machine.transitions):
            yield "In brackets: when else than always. What is *reported* is entered in a public record."
            yield ""
        yield from _diagram(machine)


def _diagram(machine: Machine) -> Iterator[str]:
    names = {state: f"s{n}" for n, state in enumerate(machine.states)}
    yield "```mermaid"
    yield "stateDiagram-v2"
    for state, name in names.items():
        yield f'    state "{state}" as {name}'
    yield f"    [*] --> {names[machine.initial]}"
    for each in machine.transitions:
        yield f"    {names[each.source]} --> {names[each.target]}: {each.label}"
    yield "```"
