"""Passage for the user that PostgreSQL runs as when Sillok runs as root, whose own folders are closed to others."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ACL: Final = "system.posix_acl_access"
_VERSION: Final = struct.pack("<I", 2)
_ENTRY: Final = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NOBODY_NAMED: Final = 0xFFFFFFFF
_PASS: Final = 0o1

_Acl = dict[tuple[int, int], int]


def let_pass(uid: int, folder: Path) -> None:
    """Let this one user pass (not list) the folder and those above it.

    An access-control entry for the user, so that nobody else gains anything; where the file system knows none, the
    folder is opened to the passage of all.
    """
    for each in (folder, *folder.parents):
        found = each.stat()
        if found.st_mode & 0o001 or found.st_uid == uid:
            continue
        try:
            os.setxattr(each, _ACL, _with_passage(_read(each, found.st_mode), uid))
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            each.chmod(found.st_mode & 0o7777 | 0o001)


def open_for_reading(folder: Path) -> None:
    """Let everybody read a folder and all below it, as an installation usually is."""
    for each in (folder, *folder.rglob("*")):
        if not each.is_symlink():
            mode = each.stat().st_mode & 0o7777
            each.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _read(folder: Path, mode: int) -> _Acl:
    try:
        return dict(_entries(os.getxattr(folder, _ACL)))
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
    return {
        (_OWNER, _NOBODY_NAMED): mode >> 6 & 7,
        (_GROUP, _NOBODY_NAMED): mode >> 3 & 7,
        (_OTHER, _NOBODY_NAMED): mode & 7,
    }


def _entries(packed: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    for kind, permissions, who in _ENTRY.iter_unpack(packed[len(_VERSION) :]):
        yield (kind, who), permissions


def _with_passage(acl: _Acl, uid: int) -> bytes:
    mask = acl.get((_MASK, _NOBODY_NAMED), acl[_GROUP, _NOBODY_NAMED])
    changed = {
        **acl,
        (_USER, uid): acl.get((_USER, uid), 0) | _PASS,
        (_MASK, _NOBODY_NAMED): mask | _PASS,
    }
    return _VERSION + b"".join(_ENTRY.pack(kind, changed[kind, who], who) for kind, who in sorted(changed))
