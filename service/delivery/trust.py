"""Whose certificates channels believe."""

from __future__ import annotations

import functools
import ssl
import threading

_reading = threading.Lock()


def trusted() -> ssl.SSLContext:
    """Whom to trust, read once for a process: that costs some 50 ms, which threads that begin together wait for."""
    with _reading:
        return _read()


@functools.cache
def _read() -> ssl.SSLContext:
    return ssl.create_default_context()
