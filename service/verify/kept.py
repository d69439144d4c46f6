"""What an auditor keeps from one verification to the next: the last checkpoint that they verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from service.private_files import write_private


class KeptError(Exception):
    """The file holds no checkpoint that was kept."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint. `root`: 32 bytes."""

    origin: str
    size: Annotated[int, msgspec.Meta(ge=0)]
    root: bytes


def read_kept(file: Path) -> Kept | None:
    """What a file holds; `None` before there is one. Raises `KeptError`."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise KeptError(f"{file} holds no checkpoint that was kept: {error}") from None


def keep(file: Path, kept: Kept) -> None:
    """Keep it in the place of the one before."""
    write_private(file, msgspec.json.encode(kept), replace=True)
