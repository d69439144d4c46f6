"""`sillok explain`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click
import msgspec
from rich.cells import cell_len
from rich.console import Console

from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option
from service.cli.standings import as_of_options, title_of

LANGUAGES: Final = ("en", "ko")
_RULE: Final = {"en": "Rule", "ko": "규정"}
_POSITIONS: Final = {"en": ("position", "positions"), "ko": ("기록", "기록")}
_SOURCES: Final = {"en": "Sources", "ko": "출처"}


@click.command()
@click.argument("programme")
@click.argument("team")
@click.option("--stage", default=None, help="A stage of the charter; the first one if none is named.")
@click.option(
    "--node",
    default=None,
    help="One figure only: rank, total, an assessment, assessment/criterion or an index.",
)
@as_of_options
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", help="In which language.")
@click.option("--plain", is_flag=True, help="Indented text without lines, one sentence a line.")
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
def explain(
    programme: str,
    team: str,
    stage: str | None,
    node: str | None,
    as_of_position: int | None,
    as_of: str | None,
    language: str,
    plain: bool,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Say why TEAM stands where it stands in a stage of PROGRAMME, down to positions in the ledger.

    For example: sillok explain independent-ai-foundation-model sk-telecom --node rank
    """
    with open_client(url, key) as client:
        found = client.view(
            programme, "explain", team=team, stage=stage, node=node, as_of_position=as_of_position, as_of=as_of
        )
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        width = None if plain else max(Console().width, 40)
        click.echo("\n".join(written(found, language, width)))


def written(found: dict[str, Any], language: str, width: int | None) -> Iterator[str]:
    """An explanation as text: as a tree in so many columns, or without a width indented, one sentence a line."""
    yield from _fitted(title_of(found), "", "", width)
    if found["tree"] is None:
        yield f"under embargo {found['embargo']}"
        return
    sources: list[str] = []
    yield from _node(found["tree"], language, width, "", "", sources)
    if sources:
        yield f"{_SOURCES[language]}:"
        for number, source in enumerate(sources, start=1):
            yield from _fitted(f"[{number}] {source}", "  ", "      ", width)


def _node(
    node: dict[str, Any], language: str, width: int | None, first: str, rest: str, sources: list[str]
) -> Iterator[str]:
    """A sentence, its rule, then what it rests on. `first`, `rest`: what its lines begin with."""
    children = node["children"]
    bar = "" if width is None else "│ " if children else "  "
    yield from _fitted(node["what"][language] + _marks(node, language, sources), first, rest + bar, width)
    if node["rule"] is not None:
        rule = f"{_RULE[language]}: {node['rule']['text'][language]}"
        yield from _fitted(rule, rest + (bar or "  "), rest + (bar or "  "), width)
    for child in children:
        last = child is children[-1]
        if width is None:
            yield from _node(child, language, width, rest + "  ", rest + "  ", sources)
        else:
            yield from _node(
                child, language, width, rest + ("└ " if last else "├ "), rest + ("  " if last else "│ "), sources
            )


def _marks(node: dict[str, Any], language: str, sources: list[str]) -> str:
    marks = []
    if node["positions"]:
        one, many = _POSITIONS[language]
        marks.append(f"{one if len(node['positions']) == 1 else many} {', '.join(_runs(node['positions']))}")
    if node["source"] is not None:
        if node["source"] not in sources:
            sources.append(node["source"])
        marks.append(f"[{sources.index(node['source']) + 1}]")
    return f" ({'; '.join(marks)})" if marks else ""


def _runs(positions: Sequence[int]) -> Iterator[str]:
    """Positions in order, three or more that follow one another as a range."""
    runs: list[list[int]] = []
    for each in positions:
        if runs and runs[-1][-1] == each - 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    for run in runs:
        yield from (f"{run[0]}–{run[-1]}",) if len(run) > 2 else map(str, run)


def _fitted(text: str, first: str, rest: str, width: int | None) -> Iterator[str]:
    """A text in lines of so many columns; wide characters take two."""
    line, begin = first, first
    for word in text.split(" "):
        spaced = word if line == begin else f" {word}"
        if width is not None and line != begin and cell_len(line + spaced) > width:
            yield line
            line = begin = rest
            spaced = word
        line += spaced
    yield line
