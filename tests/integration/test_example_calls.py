"""Examples of the published contract: what it shows of each operation is what a running service answers.

If this fails: `SHOW=1 pytest tests/integration/test_example_calls.py` keeps what it answers now; then `make specs`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.api.openapi import document
from service.api.openapi_examples import CALLS
from service.api.openapi_links import LINKS
from tests.domain import charters
from tests.integration.conftest import Running, run_service
from tests.integration.example_calls import NOTICE, Calls, call_everything
from tests.integration.sealing import SignerProcess, sealer
from tests.integration.small import SmallProgramme

COUNTERSIGNED = {"decisions": ["grant-resource"], "agencies": ["owner", "other"]}


@pytest.fixture
def running(database: str, tmp_path: Path) -> Iterator[Running]:
    """A service that sends notices to this machine."""
    yield from run_service(database, tmp_path, loopback_endpoints=True)


def shape(value: Any) -> Any:
    """Which fields there are; what they say is another in each run."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return None


def test_what_the_contract_shows_is_what_is_answered(running: Running, signer: SignerProcess) -> None:
    named = [*charters.document()["countersignatures"], COUNTERSIGNED]
    calls = Calls(SmallProgramme(running, countersignatures=named, automatic_notices=[NOTICE]))
    with sealer(running.database, signer.client) as seal:
        call_everything(calls, seal)
    answered = {"calls": calls.kept, "problems": calls.problems}
    if "SHOW" in os.environ:
        CALLS.write_text(json.dumps(answered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    gets = {each["operationId"] for methods in document()["paths"].values() for each in [methods.get("get")] if each}
    assert calls.followed == {name for name, link in LINKS.items() if link["operationId"] in gets}
    assert shape(json.loads(CALLS.read_bytes())) == shape(answered)
