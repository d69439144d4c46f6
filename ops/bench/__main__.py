"""`make bench`: every measure in turn, or those that ONLY names. QUICK: small, to try it. RECORD: keep the figures."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ops.bench import machine, results
from ops.bench.rounds import Case, Figures, NotMeasuredError, rows_of
from ops.bench.setting import Setting

MEASURES: Final = (
    "append",
    "batch",
    "growth",
    "replay",
    "rebuild",
    "seal",
    "lag",
    "http",
    "reads",
    "pages",
    "bulk",
    "stream",
    "export",
    "verification",
    "memory",
    "auditing",
    "decisions",
    "reexecute",
    "tally",
    "notices",
)
HOME: Final = ".bench"


def main(environment: Mapping[str, str]) -> None:
    """Measure, print one table, and record if asked to. An unknown name ends with one sentence."""
    setting = Setting(
        home=Path(environment.get("SILLOK_BENCH_HOME") or HOME).absolute(),
        quick=bool(environment.get("QUICK")),
        large=bool(environment.get("LARGE")),
    )
    wanted = chosen(environment.get("ONLY", ""))
    recording = bool(environment.get("RECORD"))
    if recording and setting.quick:
        sys.exit("Figures of a QUICK run are not recorded: leave out QUICK or RECORD.")
    facts = machine.facts(setting)
    print("\n".join(f"{name}: {fact}" for name, fact in facts.items()), flush=True)
    if recording and wanted == list(MEASURES):
        results.clear()
    rows: list[results.Row] = []
    failed: list[str] = []
    for name in wanted:
        began = time.monotonic()
        try:
            found = measured(name, setting)
        except Exception:  # noqa: BLE001 — told at once; what the others measure is still worth having
            traceback.print_exc()
            failed.append(name)
            continue
        print(f"{name}: measured in {time.monotonic() - began:.0f} s", flush=True)
        rows += found
        if recording:  # at once: what comes later may fail
            results.record(found, facts)
    print(results.table(rows))
    if failed:
        sys.exit(f"Not measured, because of the errors above: {', '.join(failed)}.")


def measured(name: str, setting: Setting) -> list[results.Row]:
    """What the measure of that name gives, or the reason why it gives nothing."""
    try:
        found: list[results.Row] = importlib.import_module(f"ops.bench.{name}").measure(setting)
    except NotMeasuredError as reason:
        return rows_of(Figures(missing={Case("sillok"): str(reason)}), name, "")
    return found


def chosen(only: str) -> list[str]:
    """The measures that a list with commas or spaces names; all of them if it is empty."""
    named = only.replace(",", " ").split()
    if unknown := [name for name in named if name not in MEASURES]:
        sys.exit(f"There is no measure {', '.join(unknown)}: there are {', '.join(MEASURES)}.")
    return named or list(MEASURES)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # servers and their data are to go, too
    main(os.environ)
