"""The data sets that are written by a program: the files are what it writes."""

from __future__ import annotations

from types import ModuleType

import pytest

from ops.programmes import harbour, rehearsal


@pytest.mark.parametrize("writer", [rehearsal, harbour])
def test_the_files_are_what_their_writer_writes(writer: ModuleType) -> None:
    for name, content in writer.files().items():
        assert (writer.FOLDER / name).read_text(encoding="utf-8") == content, name
