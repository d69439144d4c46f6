"""Systems side by side: each has a turn in every round, and figures are medians of the rounds.

A ratio is the median of the ratios to the reference in the same round, so that what slows one round slows both.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import inf
from typing import Final, NamedTuple

from ops.bench.results import Row

Turn = Callable[[], float]
Append = Callable[[], object]

WARM: Final = 8
"""Appends of each client before the clock starts: connections and plans are made (psycopg prepares at the fifth)."""


class NotMeasuredError(Exception):
    """A system cannot be had on this machine; the sentence says why."""


class Case(NamedTuple):
    """What has a figure. `size`: events in the request or in the ledger."""

    system: str
    size: int = 1
    clients: int = 1


@dataclass
class Figures:
    """`values`: one a round. `missing`: why there are none."""

    values: dict[Case, list[float]] = field(default_factory=dict)
    missing: dict[Case, str] = field(default_factory=dict)


def rounds(turns: Mapping[Case, Turn], number: int) -> Figures:
    """Every turn once in each round; each round begins with another one."""
    found = Figures({case: [] for case in turns})
    cases = list(turns)
    for begins in range(number):
        for place in range(len(cases)):
            case = cases[(begins + place) % len(cases)]
            if case in found.missing:
                continue
            try:
                found.values[case].append(turns[case]())
            except NotMeasuredError as reason:
                found.missing[case] = str(reason)
                del found.values[case]
    return found


def rows_of(
    figures: Figures, measure: str, unit: str, *, reference: Callable[[Case], Case | None] = lambda _case: None
) -> list[Row]:
    """A row for each case, its ratio to that of `reference`. A case without figures keeps its row, with the reason."""
    rows: list[Row] = []
    for case in sorted((*figures.values, *figures.missing), key=lambda case: (case.size, case.clients)):
        row: Row = {**case._asdict(), "measure": measure, "value": None, "unit": unit, "ratio": None}
        if case in figures.missing:
            row["not_measured"] = figures.missing[case]
        else:
            values, other = figures.values[case], reference(case)
            base = None if other is None else figures.values.get(other)
            row["value"] = significant(statistics.median(values))
            if base is not None:
                row["ratio"] = significant(statistics.median(a / b for a, b in zip(values, base, strict=True)))
        rows.append(row)
    return rows


def significant(value: float, digits: int = 3) -> float:
    """Rounded to so many digits that count; a whole number where nothing is left behind the point."""
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() else rounded


def by_threads(
    clients: int, opened: Callable[[], AbstractContextManager[Append]], *, seconds: float = inf, appends: float = inf
) -> float:
    """Appends a second by so many threads, each with a client of its own, all starting together.

    Each goes on for so many seconds, or for so many appends.
    """
    start = threading.Barrier(clients)

    def work(_client: int) -> tuple[float, float, int]:
        try:
            with opened() as append:
                for _each in range(WARM):
                    append()
                start.wait()
                began = now = time.perf_counter()
                done = 0
                while done < appends and now < began + seconds:
                    append()
                    done += 1
                    now = time.perf_counter()
                return began, now, done
        except BaseException:
            start.abort()  # or the others would wait for ever
            raise

    with ThreadPoolExecutor(clients) as threads:
        working = [threads.submit(work, client) for client in range(clients)]
    errors = [error for each in working if (error := each.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error  # what broke first, not what broke by it
    began, ended, done = zip(*(each.result() for each in working), strict=True)
    return sum(done) / (max(ended) - min(began))


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def percentile(values: list[float], percent: float) -> float:
    """The smallest of the values that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]
