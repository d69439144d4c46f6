"""The ledger behind the eventsourcing library's recorder interface, under the library's own suite."""

from __future__ import annotations

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase

from domain.envelope import Actor
from service.storage.ledger import PostgresLedger
from service.storage.recorder import ProgrammeRecorder, escape, unescape


@pytest.fixture
def recorder(ledger: PostgresLedger) -> ProgrammeRecorder:
    return ProgrammeRecorder(ledger, "suite", data_set="rehearsal", actor=Actor(agency="suite", principal="suite"))


def test_the_library_s_append_and_read_suite_passes(recorder: ProgrammeRecorder) -> None:
    DCBRecorderTestCase()._test_append_read(recorder)


def test_the_library_s_subscription_suite_passes(recorder: ProgrammeRecorder) -> None:
    DCBRecorderTestCase()._test_append_subscribe(recorder)


@pytest.mark.parametrize("plain", ["tagX", "student1-2c0f", "", "a.b/c:d", "한글", "-", "x"])
def test_any_plain_tag_survives_scoping(plain: str) -> None:
    assert unescape(escape(plain)) == plain
