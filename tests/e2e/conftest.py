"""The service as `make run` starts it, once for all files that ask for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.test_up import Up, start
from tests.serving import free_port


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """With every programme played in; files that ask for it are in one group, and run one after the other."""
    running = start(tmp_path_factory.mktemp("up") / "home", free_port())
    running.wait_until_shown()
    yield running
    running.stop()
