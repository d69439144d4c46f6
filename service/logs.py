"""Logs: one JSON object a line on standard error; tracebacks without the values of variables, which may be secret."""

from __future__ import annotations

import sys
from typing import Final

import structlog
from structlog.typing import Processor

# One list for good: loggers keep the one that they first met, and tests look into it.
_PROCESSORS: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(ensure_ascii=False),
]


def configure_logs() -> None:
    """Set up structlog for this process."""
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
