"""Run every benchmark: `python -m ops.bench` (or `make bench`)."""

from __future__ import annotations

from ops.bench import ledger


def main() -> None:
    """Each benchmark prints one table, ratio first."""
    ledger.main()


if __name__ == "__main__":
    main()
