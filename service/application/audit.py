"""Lines for operators about who came in, who did not, and who changed that: a log of its own among the service's."""

from __future__ import annotations

import structlog

_log = structlog.get_logger()


def audit(event: str, **details: str | None) -> None:
    """A line in the log `sillok.audit`. No detail is ever a secret."""
    _log.info(event, logger="sillok.audit", **details)
