"""The sealer as it runs, by Celery over real Redis, and the signer: both killed while decisions come in."""

from __future__ import annotations

import time

import pytest

from tests.integration.conftest import Running
from tests.integration.sealing import SignerProcess, read_checkpoint, tree_hash
from tests.integration.working import Workers, eventually, kill
from tests.playing import REHEARSAL, lines_of


def sealed_whole(serving: Running) -> bool:
    """Whether the last checkpoint covers all; then it has to be right."""
    published, head = serving.service.seals.latest(), serving.head()
    if published is None or published.size != head:
        return False
    log = serving.service.seals.logs()[0]
    entries = [each.entry for each in serving.service.ledger.read(upto=head)]
    assert read_checkpoint(published.note, *log.keys) == (log.origin, head, tree_hash(entries))
    return True


@pytest.mark.timeout(180)
def test_a_killed_sealer_and_a_killed_signer_lose_and_double_nothing(
    serving: Running, workers: Workers, signer: SignerProcess
) -> None:
    lines = lines_of(REHEARSAL)
    workers.beat()
    sealer = workers.sealer()
    for start in range(0, 360, 60):
        serving.play(REHEARSAL, lines[: start + 60])
        if start % 120:
            kill(sealer)
            sealer = workers.sealer()
        else:
            signer.kill()
            assert signer.start() == ""
    eventually(lambda: sealed_whole(serving), 60, workers.log)
    figures = serving.service.seals.figures()
    assert (figures.halts, figures.size) == (0, figures.head)


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("signer")
def test_a_wake_up_alone_is_enough_and_the_schedule_alone_too(serving: Running, workers: Workers) -> None:
    sealer = workers.sealer()
    lines = lines_of(REHEARSAL)
    serving.play(REHEARSAL, lines[:20])
    eventually(lambda: sealed_whole(serving), 30, workers.log)  # no beat runs
    kill(sealer)
    workers.redis.stop()
    serving.play(REHEARSAL, lines[:60])
    workers.redis.start()
    workers.sealer()
    workers.beat()
    eventually(lambda: sealed_whole(serving), 60, workers.log)


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("signer")
def test_two_sealers_make_one_tree(serving: Running, workers: Workers) -> None:
    workers.sealer()
    workers.sealer()
    workers.beat()
    lines = lines_of(REHEARSAL)
    for upto in range(50, 301, 50):
        serving.play(REHEARSAL, lines[:upto])
    eventually(lambda: sealed_whole(serving), 60, workers.log)


def test_decisions_go_on_while_nothing_seals(serving: Running) -> None:
    """Neither sealer nor signer runs: the answer names a receipt that says that it is not there yet."""
    began = time.monotonic()
    serving.play(REHEARSAL, lines_of(REHEARSAL)[:30])
    assert time.monotonic() - began < 20
    answer = serving.client.get("/v1/ledger/receipts/30")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-sealed")
