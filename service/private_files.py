"""Files for their owner alone, which are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


def write_private(file: Path, content: bytes, *, replace: bool) -> None:
    """It appears whole or not at all, and is durable; of several who make it at once, the first one's stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    if replace:
        fresh.replace(file)
    else:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
