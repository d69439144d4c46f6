"""Sealing over real PostgreSQL: what is published, and what halts it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from domain.merkle import HASH_BYTES, leaf_hash
from service.application.checkpoint_signer import CheckpointSigner
from service.application.seal_ports import Published, Signer, SigningRefusedError, Standing
from service.application.sealing import Seal
from service.secret_rings import SecretRing
from service.signer_files import SignerFiles, signing_keys
from service.verify.record import root_of
from tests.integration.conftest import Run, Running, run_service
from tests.integration.sealing import ORIGIN, SignerProcess, as_owner, read_checkpoint, sealer, tree_hash
from tests.integration.small import SmallProgramme
from tests.playing import REHEARSAL

Until = Callable[[str], None]


@pytest.fixture
def seal(running: Running, signing: Signer) -> Iterator[Seal]:
    with sealer(running.database, signing) as found:
        yield found


@pytest.fixture
def signing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Signer]:
    """The signer of tests that ask for its process; of others the same in this one, which starts sooner."""
    if "signer" in request.fixturenames:
        yield request.getfixturevalue("signer").client
        return
    files = SignerFiles(tmp_path / "signer")
    with files.open_for(ORIGIN):
        yield CheckpointSigner(files, partial(signing_keys, SecretRing(files.keys_file, make=False)))


def entries_of(running: Running) -> list[bytes]:
    return [each.entry for each in running.service.ledger.read()]


def require_sealed(running: Running) -> None:
    """The last checkpoint is of the whole ledger, and of nothing else."""
    published = running.service.seals.latest()
    log = running.service.seals.logs()[0]
    assert published is not None
    entries = entries_of(running)
    assert read_checkpoint(published.note, *log.keys) == (log.origin, len(entries), tree_hash(entries))


@pytest.mark.parametrize("batch", [1, 7, 256, 16384])
def test_any_batch_size_gives_the_same_tree(running: Running, until: Until, seal: Seal, batch: int) -> None:
    until("record-measurement")
    while seal(batch=batch) == "more":
        pass
    require_sealed(running)
    assert seal(batch=batch) == "current"


def test_what_comes_later_continues_the_tree(running: Running, until: Until, seal: Seal) -> None:
    for decision in ("enrol-team", "appoint-evaluator", "submit-score", "close-scoring"):
        until(decision)
        assert seal() == "current"
        require_sealed(running)


def test_an_empty_ledger_is_not_sealed(running: Running, seal: Seal) -> None:
    assert seal() == "current"
    assert running.service.seals.latest() is None


def test_sealers_that_race_make_one_tree(running: Running, until: Until, signer: SignerProcess) -> None:
    until("enrol-team")
    outcomes: list[str] = []

    def work() -> None:
        with sealer(running.database, signer.client) as own:
            outcomes.extend(own(batch=3) for _ in range(40))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    until("record-measurement")
    for each in threads:
        each.join()
    assert set(outcomes) <= {"current", "more", "busy"}
    with sealer(running.database, signer.client) as last:
        assert last() == "current"
    require_sealed(running)


def test_decisions_go_on_without_a_signer_and_are_signed_when_it_is_back(
    running: Running, until: Until, seal: Seal, signer: SignerProcess
) -> None:
    until("enrol-team")
    assert seal() == "current"
    signer.kill()
    until("record-measurement")
    with capture_logs() as lines:
        assert [seal(), seal()] == ["unsigned", "unsigned"]
    assert [each["log_level"] for each in lines] == ["warning"]  # said once
    figures = running.service.seals.figures()
    assert (figures.size, figures.published, figures.halted) == (figures.head, 1, None)
    assert figures.seconds_behind > 0
    assert signer.start() == ""
    assert seal() == "current"
    require_sealed(running)


class Interrupted(Signer):
    """A signer after whose signature the sealer is cut off."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self.notes: list[str] = []

    def standing(self) -> Standing:
        return self.signer.standing()

    def sign(self, size: int, root: bytes, proof: Sequence[bytes]) -> str:
        self.notes.append(self.signer.sign(size, root, proof))
        raise KeyboardInterrupt


def test_what_was_signed_and_not_recorded_is_signed_the_same_again(
    running: Running, until: Until, seal: Seal, signer: SignerProcess
) -> None:
    until("record-measurement")
    interrupted = Interrupted(signer.client)
    with sealer(running.database, interrupted) as cut_off, pytest.raises(KeyboardInterrupt):
        cut_off()
    assert running.service.seals.latest() is None
    assert seal() == "current"
    published = running.service.seals.latest()
    assert published is not None
    assert [published.note] == interrupted.notes


def test_what_was_signed_and_not_recorded_is_continued(
    running: Running, until: Until, seal: Seal, signer: SignerProcess
) -> None:
    """More has come before the next sealer starts: it shows that this continues what nobody else knows of."""
    until("enrol-team")
    with sealer(running.database, Interrupted(signer.client)) as cut_off, pytest.raises(KeyboardInterrupt):
        cut_off()
    until("record-measurement")
    assert seal() == "current"
    require_sealed(running)


TAMPERED = {
    "UPDATE ledger.event SET entry = set_byte(entry, 60, 255 - get_byte(entry, 60)) WHERE position = 5": "position 5",
    "DELETE FROM ledger.event WHERE position = 7": "position 7",
    "UPDATE ledger.event SET position = 0 WHERE position = 9": "position 0",
    "UPDATE seal.tile SET hashes = overlay(hashes PLACING sha256('x') FROM 97) WHERE (level, index) = (0, 0)": "size",
    "UPDATE seal.state SET root = sha256('x')": "tree",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_whatever_is_tampered_with_below_the_sealed_position_halts_sealing(
    running: Running, until: Until, seal: Seal, statement: str
) -> None:
    """Loudly, and with the position; decisions go on."""
    until("record-measurement")
    assert seal() == "current"
    before = running.service.seals.latest()
    as_owner(running.database, "CREATE TABLE before AS SELECT * FROM ledger.event", statement)
    with capture_logs() as lines:
        assert seal() == "halted"
    assert [each["log_level"] for each in lines] == ["error"]
    if TAMPERED[statement].startswith("position"):
        assert f"{TAMPERED[statement]} of the ledger" in lines[0]["because"]
    head = running.head()
    SmallProgramme(running)
    assert running.head() > head
    assert seal() == "halted"
    assert running.service.seals.latest() == before
    figures = running.service.seals.figures()
    assert (figures.halts, figures.halted) == (1, lines[0]["because"])


def test_sealing_goes_on_when_what_was_broken_is_mended(running: Running, until: Until, seal: Seal) -> None:
    """And halts again if it was not."""
    until("record-measurement")
    assert seal() == "current"
    undone = "UPDATE ledger.event e SET entry = k.entry FROM kept k WHERE e.position = 5 AND k.position = 5"
    as_owner(running.database, "CREATE TABLE kept AS SELECT * FROM ledger.event", next(iter(TAMPERED)))
    assert seal() == "halted"
    assert "position 5" in (running.service.seals.resume() or "")
    assert seal() == "halted"
    as_owner(running.database, undone)
    running.service.seals.resume()
    assert seal() == "current"
    require_sealed(running)


def test_a_gap_is_not_sealed_over(running: Running, until: Until, seal: Seal) -> None:
    until("record-measurement")
    as_owner(running.database, "DELETE FROM ledger.event WHERE position = 7")
    with capture_logs() as lines:
        assert seal() == "halted"
    assert "position 7 of the ledger is missing" in lines[0]["because"]
    assert running.service.seals.latest() is None


def lose_tail(database: str) -> None:
    """The database goes back to a backup of when there were ten events and no tree."""
    as_owner(
        database,
        "DELETE FROM ledger.event WHERE position > 10",
        "DELETE FROM ledger.event_id WHERE position > 10",
        "DELETE FROM ledger.boundary_index WHERE position > 10",
        "DELETE FROM ledger.idempotency WHERE first_position > 10",
        "DELETE FROM seal.tile",
        "DELETE FROM seal.checkpoint",
        "UPDATE seal.state SET size = 0, root = sha256('')",
        "UPDATE ledger.head SET position = 10",
    )


def test_a_lost_tail_halts_sealing(running: Running, until: Until, seal: Seal) -> None:
    """The database is of yesterday, the signer of today: nothing is signed that contradicts what was."""
    until("record-measurement")
    assert seal() == "current"
    lose_tail(running.database)
    with capture_logs() as lines:
        assert seal() == "halted"
    assert "its tail was lost" in lines[0]["because"]


def test_after_a_lost_tail_another_log_begins_and_cites_the_last_checkpoint(
    running: Running, until: Until, seal: Seal, signer: SignerProcess, run: Run, tmp_path: Path
) -> None:
    """The signer's side and the database's have to say so, each."""
    until("record-measurement")
    assert seal() == "current"
    lost = running.service.seals.latest()
    assert lost is not None
    lose_tail(running.database)
    assert seal() == "halted"
    assert "its tail was lost" in run("sealing", "status", status=1)
    assert "runs on" in run("sealing", "begin", "log.example/2", status=1)
    signer.kill()
    assert "a name of its own" in run("sealing", "begin", ORIGIN, status=1)
    run("sealing", "begin", "log.example/2")
    assert signer.start() == ""
    run("sealing", "resume")
    assert seal() == "halted"
    assert f"this log is {ORIGIN}" in run("sealing", "status", status=1)
    run("sealing", "resume", "--log", "log.example/2")
    assert seal() == "current"
    answer = running.client.get("/v1/ledger/log").json()
    assert (answer["origin"], [each["origin"] for each in answer["closed"]]) == ("log.example/2", [ORIGIN])
    first = running.client.get("/v1/ledger/checkpoint").text.splitlines()
    root = lost.note.splitlines()[2]
    assert first[:2] == ["log.example/2", "10"]
    assert first[3] == f"after {ORIGIN} {lost.size} {root}"
    for started_again in run_service(running.database, tmp_path):
        SmallProgramme(started_again)
    assert seal() == "current"
    require_sealed(running)
    assert running.client.get("/v1/ledger/checkpoint").text.splitlines()[1:4:2] == [str(running.head()), first[3]]


def test_a_signer_that_lost_all_begins_anew_after_a_checkpoint_that_somebody_kept(
    running: Running, until: Until, seal: Seal, signer: SignerProcess, run: Run, tmp_path: Path
) -> None:
    until("enrol-team")
    assert seal() == "current"
    kept = tmp_path / "checkpoint"
    kept.write_text(running.client.get("/v1/ledger/checkpoint").text)
    signer.kill()
    for each in signer.folder.iterdir():
        each.unlink()
    assert "signed.json cannot be read" in run("sealing", "begin", "log.example/2", status=1)
    run("sealing", "begin", "log.example/2", "--after", str(kept))
    assert signer.start() == ""
    until("record-measurement")
    run("sealing", "resume", "--log", "log.example/2")
    assert seal() == "current"
    published = running.service.seals.latest()
    assert published is not None
    assert published.note.splitlines()[3] == f"after {ORIGIN} 1 {kept.read_text().splitlines()[2]}"
    require_readable(running, kept.read_text(), published)


def require_readable(running: Running, closed: str, published: Published) -> None:
    """Each log has its last checkpoint and its own tree under an address of its own, as tlog-tiles has them."""
    found = running.client.get("/v1/ledger/log").json()
    (before,) = found["closed"]
    for prefix, size, note in ((before["prefix"], 1, closed), (found["prefix"], published.size, published.cosigned)):
        assert running.client.get(f"{prefix}/checkpoint").text == note
        hashes = running.client.get(f"{prefix}/tile/0/000.p/{size}").content
        leaves = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
        assert (len(leaves), base64.b64encode(root_of(leaves)).decode()) == (size, note.splitlines()[2])
        entries = running.client.get(f"{prefix}/tile/entries/000.p/{size}").content
        assert leaf_hash(entries[2 : 2 + int.from_bytes(entries[:2], "big")]) == leaves[0]
        for beyond in (f"0/000.p/{size + 1}", f"entries/000.p/{size + 1}", "1/000.p/1", "x"):
            assert running.client.get(f"{prefix}/tile/{beyond}").status_code == 404
    for none in ("0", "3", "9" * 19):
        for path in ("checkpoint", "tile/0/000.p/1"):
            assert running.client.get(f"/v1/ledger/logs/{none}/{path}").status_code == 404


def test_a_signer_that_forgot_halts_sealing(until: Until, seal: Seal, signer: SignerProcess) -> None:
    until("enrol-team")
    assert seal() == "current"
    signer.kill()
    for each in signer.folder.iterdir():
        each.unlink()
    assert signer.start() == ""
    until("record-measurement")
    with capture_logs() as lines:
        assert seal() == "halted"
    assert "its state was lost" in lines[0]["because"]


def test_another_history_is_not_signed(running: Running, until: Until, seal: Seal) -> None:
    """Whoever rules the database rewrites all of it, tree included: the signer knows better."""
    until("record-measurement")
    assert seal() == "current"
    as_owner(
        running.database,
        next(iter(TAMPERED)),
        "DELETE FROM seal.tile",
        "DELETE FROM seal.checkpoint",
        "UPDATE seal.state SET size = 0, root = sha256('')",
    )
    SmallProgramme(running)
    with capture_logs() as lines:
        assert seal() == "halted"
    assert "it is not shown that the tree" in lines[0]["because"]


def test_the_signer_signs_no_smaller_and_no_other_tree(
    running: Running, until: Until, seal: Seal, signer: SignerProcess
) -> None:
    until("record-measurement")
    assert seal() == "current"
    entries = entries_of(running)
    size, root = len(entries), tree_hash(entries)
    published = running.service.seals.latest()
    assert published is not None
    assert signer.client.sign(size, root, []) == published.note
    for wrong, its_root in ((size - 1, tree_hash(entries[:-1])), (size, tree_hash(entries[:-1])), (size + 1, root)):
        with pytest.raises(SigningRefusedError):
            signer.client.sign(wrong, its_root, [])
    assert signer.client.standing() == Standing(published.origin, size, root, signer.client.standing().keys)


def test_the_tree_is_only_added_to_by_the_services_role(running: Running, until: Until, seal: Seal) -> None:
    until("record-measurement")
    assert seal() == "current"
    with psycopg.connect(running.database, autocommit=True) as connection:
        for role in ("SET ROLE sillok_service", "RESET ROLE"):
            connection.execute(role)
            for statement in (
                "UPDATE seal.tile SET hashes = overlay(hashes PLACING sha256('x') FROM 1)",
                "UPDATE seal.tile SET hashes = substring(hashes FOR 32)",
                "UPDATE seal.tile SET index = index + 1",
                "DELETE FROM seal.tile",
                "UPDATE seal.state SET size = size - 1",
                "UPDATE seal.checkpoint SET note = 'x'",
                "DELETE FROM seal.checkpoint",
                "TRUNCATE seal.checkpoint CASCADE",
                "UPDATE seal.cosignature SET line = ''",
                "DELETE FROM seal.cosignature",
                "TRUNCATE seal.witnessed",
                "DELETE FROM seal.key",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)


def test_metrics_say_how_far_sealing_is(running: Running, until: Until, seal: Seal) -> None:
    def scraped() -> dict[str, float]:
        lines = [each.split(" ") for each in running.client.get("/metrics").text.splitlines() if each[0] != "#"]
        return {name: float(value) for name, value in lines if name.startswith("sillok_seal_")}

    until("enrol-team")
    assert seal() == "current"
    until("record-measurement")
    behind = scraped()
    assert behind["sillok_seal_position"] == 1
    assert behind["sillok_seal_positions_behind"] == running.head() - 1
    assert behind["sillok_seal_seconds_behind"] > 0
    assert seal() == "current"
    current = scraped()
    assert current["sillok_seal_position"] == running.head()
    assert (current["sillok_seal_positions_behind"], current["sillok_seal_seconds_behind"]) == (0, 0)
    assert current["sillok_seal_batches_total"] == current["sillok_seal_checkpoints_total"] == 2
    assert (current["sillok_seal_halted"], current["sillok_seal_halts_total"]) == (0, 0)
    as_owner(running.database, next(iter(TAMPERED)))
    assert seal() == "halted"
    assert (scraped()["sillok_seal_halted"], scraped()["sillok_seal_halts_total"]) == (1, 1)


def test_the_rehearsal_is_sealed_whole(running: Running, until: Until, seal: Seal) -> None:
    """More than one tile of entries."""
    until("close-scoring")
    assert seal() == "current"
    assert running.head() > 512
    require_sealed(running)
    assert running.service.ledger.read_programme(REHEARSAL).head == running.head()
