"""`sillok what-if` and `sillok sensitivity`."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.table import Table

from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option
from service.cli.standings import as_of_options, points_text, rank_text, title_of
from service.cli.tables import table_text

WIDTH = 140

_FOLLOWS = {"advances": "goes on", "out": "leaves", "open": "open", "withdrew": "withdrew"}


@click.command("what-if")
@click.argument("programme")
@click.option("--stage", default=None, help="A stage of the charter; the first one if none is named.")
@click.option("--without-evaluator", "evaluators", multiple=True, metavar="ID", help="Without an evaluator's sheets.")
@click.option(
    "--without-benchmark", "benchmarks", multiple=True, metavar="CRITERION/BENCHMARK", help="Without a benchmark."
)
@click.option(
    "--score",
    "scores",
    multiple=True,
    metavar="TEAM:CRITERION:EVALUATOR[:ITEM]=POINTS",
    help="Another score; none at all if nothing follows the equals sign.",
)
@click.option(
    "--measurement",
    "measurements",
    multiple=True,
    metavar="TEAM:CRITERION:BENCHMARK=VALUE",
    help="Another measurement.",
)
@click.option("--weight", "weights", multiple=True, metavar="NODE=MAXIMUM", help="Another maximum of a node.")
@click.option(
    "--aggregate",
    "aggregates",
    multiple=True,
    metavar="CRITERION=HOW",
    help="Sheets put together by mean, median, or trimmed-mean:N.",
)
@click.option("--cut", default=None, metavar="N", help="So many teams leave; none is a number, too: `none`.")
@click.option("--gate", "gates", multiple=True, metavar="GATE=MINIMUM", help="Another threshold.")
@click.option(
    "--tie-break", default=None, metavar="NODE,NODE", help="Other nodes tell equal totals apart; `none`: nothing does."
)
@click.option("--verdict", "verdicts", multiple=True, metavar="TEAM=met|not_met", help="Another ruling.")
@as_of_options
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
def what_if(
    programme: str,
    stage: str | None,
    evaluators: tuple[str, ...],
    benchmarks: tuple[str, ...],
    scores: tuple[str, ...],
    measurements: tuple[str, ...],
    weights: tuple[str, ...],
    aggregates: tuple[str, ...],
    cut: str | None,
    gates: tuple[str, ...],
    tie_break: str | None,
    verdicts: tuple[str, ...],
    as_of_position: int | None,
    as_of: str | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Say what would follow in PROGRAMME from other scores or rules. Unofficial; nothing is recorded.

    For example: sillok what-if independent-ai-foundation-model-rehearsal --verdict naver-cloud=met --cut 1
    """
    alterations: list[dict[str, Any]] = [
        *({"change": "without-evaluator", "evaluator": each} for each in evaluators),
        *(_benchmark(each) for each in benchmarks),
        *(_score(each) for each in scores),
        *(_measurement(each) for each in measurements),
        *({"change": "weight", **_pair("--weight", each, "node", "maximum")} for each in weights),
        *(_aggregate(each) for each in aggregates),
        *({"change": "gate", **_pair("--gate", each, "gate", "minimum")} for each in gates),
        *({"change": "verdict", **_pair("--verdict", each, "team", "verdict")} for each in verdicts),
        *([] if cut is None else [{"change": "cut", "eliminate": cut}]),
        *([] if tie_break is None else [{"change": "tie-break", "nodes": _nodes(tie_break)}]),
    ]
    if not alterations:
        raise click.UsageError("Say what would be otherwise, such as --cut 1.")
    question = {"alterations": alterations, **({} if stage is None else {"stage": stage})}
    with open_client(url, key) as client:
        found = client.what_if(programme, question, as_of_position=as_of_position, as_of=as_of)
    click.echo(msgspec.json.encode(found).decode() if as_json else what_if_table(found))


@click.command()
@click.argument("programme")
@click.option("--stage", default=None, help="A stage of the charter; the first one if none is named.")
@as_of_options
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
def sensitivity(
    programme: str,
    stage: str | None,
    as_of_position: int | None,
    as_of: str | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Say how little it takes in PROGRAMME for something else to follow. Unofficial; nothing is recorded.

    Each team's smallest single change of a score, a measurement or a weight, exactly; ranks without each evaluator in
    turn; ranks under small changes of everything.

    For example: sillok sensitivity independent-ai-foundation-model-rehearsal --stage stage-1
    """
    with open_client(url, key) as client:
        found = client.view(programme, "sensitivity", stage=stage, as_of_position=as_of_position, as_of=as_of)
    click.echo(msgspec.json.encode(found).decode() if as_json else sensitivity_text(found))


def what_if_table(found: dict[str, Any]) -> str:
    """Each team before and after, for a terminal."""
    table = Table(title=f"{title_of(found)} · UNOFFICIAL", title_justify="left")
    for heading in ("team", "rank", "would be", "total", "would be", "follows", "would follow"):
        table.add_column(heading)
    for row in found["rows"]:
        before, after = row["before"], row["after"]
        table.add_row(
            row["team"],
            rank_text(before["rank"]),
            rank_text(after["rank"]),
            points_text(before["total"]),
            _after_text(row),
            _follows(before["prospect"]),
            f"{_follows(after['prospect'])}{' *' if row['flips'] else ''}",
        )
    return f"{table_text(table, width=WIDTH)}\n* something else would follow\n{found['notice']['en']}"


def _after_text(row: dict[str, Any]) -> str:
    unknown = "total" in row["undeterminable"]
    return f"{points_text(row['after']['total'])}{' (undeterminable)' if unknown else ''}"


def sensitivity_text(found: dict[str, Any]) -> str:
    """Flips, evaluators and stability, for a terminal."""
    told = found["sensitivity"]
    flips = Table(title=f"{title_of(found)} · UNOFFICIAL", title_justify="left")
    for heading in ("team", "follows", "smallest change after which something else would"):
        flips.add_column(heading)
    for each in told["flips"]:
        changes = "\n".join(_change(one) for one in each["smallest"]) or "no single change"
        flips.add_row(each["team"], _follows(each["now"]), changes)
    without = Table(title="Without one evaluator", title_justify="left")
    for heading in ("evaluator", "panel", "ranks that would be others", "else would follow for"):
        without.add_column(heading)
    moving = [each for each in told["evaluators"] if each["ranks"] or each["flips"]]
    for each in moving:
        ranks = ", ".join(f"{team} {rank_text(rank)}" for team, rank in each["ranks"].items())
        without.add_row(each["evaluator"], each["panel"], ranks, ", ".join(each["flips"]) or "nobody")
    stability = Table(
        title=f"Every score and weight moved by {told['moved_by']} %, one at a time", title_justify="left"
    )
    for heading in ("team", "rank", "changes", "that leave it there"):
        stability.add_column(heading)
    for each in told["stability"]:
        stability.add_row(each["team"], rank_text(each["rank"]), str(each["changes"]), str(each["kept"]))
    unchanged = len(told["evaluators"]) - len(moving)
    parts = [
        table_text(flips, width=WIDTH),
        *([table_text(without, width=WIDTH)] if moving else []),
        f"{unchanged} of {len(told['evaluators'])} evaluators could be left out without changing a rank",
        table_text(stability, width=WIDTH),
        *([f"undeterminable: {', '.join(told['undeterminable'])}"] if told["undeterminable"] else []),
        found["notice"]["en"],
    ]
    return "\n".join(parts)


def _follows(prospect: dict[str, Any]) -> str:
    basis = prospect["basis"]
    return _FOLLOWS[prospect["follows"]] + (f" ({basis})" if basis else "")


def _change(one: dict[str, Any]) -> str:
    match one["kind"]:
        case "score":
            item = f", {one['item']}" if one["item"] else ""
            what = f"{one['evaluator']} gives {one['team']} on {one['criterion']}{item}"
            return f"{what} {one['instead']} instead of {one['points']}"
        case "measurement":
            what = f"{one['team']} on {one['benchmark']} ({one['criterion']})"
            return f"{what} {one['instead']} instead of {one['value']}"
        case _:
            return f"weight of {one['criterion']} {one['instead']} instead of {one['maximum']}"


def _pair(option: str, text: str, first: str, second: str) -> dict[str, str]:
    """`first=second`."""
    before, sign, after = text.rpartition("=")
    if not sign or not before or not after:
        raise click.UsageError(f"{option}: {text!r} is not {first.upper()}={second.upper()}.")
    return {first: before, second: after}


def _benchmark(text: str) -> dict[str, str]:
    criterion, _, benchmark = text.rpartition("/")
    return {"change": "without-benchmark", "criterion": criterion, "benchmark": benchmark}


def _score(text: str) -> dict[str, Any]:
    place, sign, points = text.rpartition("=")
    parts = place.split(":")
    if not sign or len(parts) not in (3, 4):
        raise click.UsageError(f"--score: {text!r} is not TEAM:CRITERION:EVALUATOR[:ITEM]=POINTS.")
    named = dict(zip(("team", "criterion", "evaluator", "item"), parts, strict=False))
    return {"change": "score", **named, "points": points or None}


def _measurement(text: str) -> dict[str, str]:
    place, sign, value = text.rpartition("=")
    parts = place.split(":")
    if not sign or not value or len(parts) != 3:
        raise click.UsageError(f"--measurement: {text!r} is not TEAM:CRITERION:BENCHMARK=VALUE.")
    return {
        "change": "measurement",
        **dict(zip(("team", "criterion", "benchmark"), parts, strict=True)),
        "value": value,
    }


def _nodes(text: str) -> list[str]:
    return [] if text == "none" else text.split(",")


def _aggregate(text: str) -> dict[str, str]:
    pair = _pair("--aggregate", text, "criterion", "aggregate")
    how, _, trim = pair["aggregate"].partition(":")
    return {"change": "aggregate", "criterion": pair["criterion"], "aggregate": how, **({"trim": trim} if trim else {})}
