"""Whose certificates channels believe."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def trusted() -> ssl.SSLContext:
    """Whom to trust, read once for a process: that costs some 50 ms."""
    return ssl.create_default_context()
