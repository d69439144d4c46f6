"""`make bench`: every benchmark in this folder in turn, or those named: `python -m ops.bench ledger`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import ops.bench


def main(wanted: list[str]) -> None:
    """Run `main()` of each module of this package. An unknown name ends with one sentence."""
    found = sorted(module.name for module in pkgutil.iter_modules(ops.bench.__path__) if module.name != "__main__")
    if unknown := sorted(set(wanted) - set(found)):
        sys.exit(f"There is no benchmark {', '.join(unknown)}: there are {', '.join(found) or 'none'}.")
    for name in wanted or found:
        module = importlib.import_module(f"ops.bench.{name}")
        if hasattr(module, "main"):
            print(f"== {name}", flush=True)
            module.main()


if __name__ == "__main__":
    main(sys.argv[1:])
