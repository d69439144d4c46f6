"""Our log and its witnesses, each in a process of its own: honest ones, one that lies, one that is down."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from domain.note import ED25519, VerifierKey
from service.application import cosigning
from service.application.sealing import Seal
from service.cli import bundles
from service.ed25519 import ed25519_key
from service.secret_rings import SecretRing
from service.supervisor import WITNESSES
from service.worker_bootstrap import Cosigning, open_cosigning
from tests.integration.bundles import export, log_key, verify
from tests.integration.conftest import Running, run_service
from tests.integration.lying_witness import CONTRADICTIONS, FAILURES
from tests.integration.sealing import SignerProcess, as_owner, sealer
from tests.integration.small import SmallProgramme
from tests.integration.witnessing import ALONE, WitnessProcess, cosigned_at
from tests.integration.working import Workers, eventually
from tests.playing import REHEARSAL, lines_of
from tests.serving import free_port


class LyingWitness(WitnessProcess):
    """It has a witness's key, and says what it is told to."""

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.integration.lying_witness", str(self.port), str(self.folder)]
        self.lies("the truth")
        self.process = subprocess.Popen(command, env=ALONE, stderr=subprocess.DEVNULL, start_new_session=True)
        for _ in range(300):
            try:
                self.post("")
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        pytest.fail("it does not start")

    def lies(self, lie: str) -> None:
        (self.folder / "lie").write_text(lie)


@dataclass
class Witnesses:
    """Two honest ones, one that lies, and the logs that they follow, which share a key."""

    honest: tuple[WitnessProcess, WitnessProcess]
    liar: LyingWitness
    keys: Path
    origins: Iterator[str]

    @property
    def every(self) -> tuple[WitnessProcess, ...]:
        return (*self.honest, self.liar)

    def policy(self, count: str, *, down: int | None = None) -> str:
        """`down`: which of them cannot be reached."""
        lines = [
            f"witness w{at} {each.vkey} http://127.0.0.1:{free_port() if at == down else each.port}"
            for at, each in enumerate(self.every)
        ]
        return "".join(f"{each}\n" for each in (*lines, f"group all-three {count} w0 w1 w2", "quorum all-three"))


@pytest.fixture(scope="module")
def witnesses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnesses]:
    home = tmp_path_factory.mktemp("witnesses")
    ring = SecretRing(home / "keys", make=True)
    public = ed25519_key(ring.current().value).public_key().public_bytes_raw()
    origins = [f"log.example/{number}" for number in range(40)]
    honest = WitnessProcess(home / "w0", "witness.example/0"), WitnessProcess(home / "w1", "witness.example/1")
    liar = LyingWitness(home / "w2", "witness.example/2")
    for each in (*honest, liar):
        each.follow(*(str(VerifierKey(origin, ED25519, public)) for origin in origins))
        each.start()
    yield Witnesses(honest, liar, home / "keys", iter(origins))
    for each in (*honest, liar):
        each.kill()


@dataclass
class Cosigned:
    """A service whose log is cosigned."""

    running: Running
    witnesses: Witnesses
    signer: SignerProcess
    seal: Seal
    asking: Cosigning

    def decide(self, decision: str) -> None:
        """Play the rehearsal up to a decision, and seal."""
        lines = lines_of(REHEARSAL)
        self.running.play(REHEARSAL, lines[: [line.decision for line in lines].index(decision)])
        assert self.seal() == "current"

    def get(self, address: str) -> str:
        answer = self.running.client.get(f"/v1/ledger/{address}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def cosigners(self, note: str) -> set[int]:
        """Which of the witnesses cosigned a checkpoint, or a receipt's; no signature is wrong or anybody else's."""
        if note.startswith("c2sp.org/tlog-proof@v1\n"):
            note = note.partition("\n\n")[2]
        log, *found = note[note.rindex("\n\n") + 2 :].splitlines()
        assert log.startswith("— log.example/")
        names = [line.split(" ")[1] for line in found]
        assert sorted(set(names)) == sorted(names)
        for line, name in zip(found, names, strict=True):
            (witness,) = [each for each in self.witnesses.every if each.name == name]
            assert abs(cosigned_at(witness.vkey, line, note) - time.time()) < 600
        return {int(name[-1]) for name in names}

    def figures(self, name: str) -> list[float]:
        """A metric, by witness."""
        found = {}
        for line in self.running.client.get("/metrics").text.splitlines():
            if line.startswith(f"sillok_witness_{name}{{"):
                found[line.split('"')[1]] = float(line.split(" ")[1])
        return [found.get(each.name, -1.0) for each in self.witnesses.every]


Opening = Callable[[str], Cosigned]


def prepare_signer(home: Path, witnesses: Witnesses) -> SignerProcess:
    """A signer of the next log that the witnesses follow."""
    signer = SignerProcess(home)
    signer.folder.mkdir()
    shutil.copy(witnesses.keys, signer.folder / "keys")
    (signer.folder / "signed.json").write_text(json.dumps({"origin": next(witnesses.origins), "size": 0, "root": ""}))
    return signer


@pytest.fixture
def opening(database: str, tmp_path: Path, witnesses: Witnesses, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """A service with a policy."""
    monkeypatch.setattr(cosigning, "LONGEST_PAUSE", 0.0)
    signer = prepare_signer(tmp_path, witnesses)
    assert signer.start() == ""
    witnesses.liar.lies("the truth")
    file = tmp_path / "policy"
    opened: list[Cosigning] = []
    services: list[Iterator[Running]] = []
    with sealer(database, signer.client) as seal:

        def open_with(policy: str) -> Cosigned:
            file.write_text(policy)
            services.append(run_service(database, tmp_path, witnesses_path=file))
            running = next(services[-1])
            opened.append(open_cosigning(running.settings))
            return Cosigned(running, witnesses, signer, seal, opened[-1])

        yield open_with
        for asking in opened:
            asking.close()
        for service in services:
            next(service, None)
    signer.kill()


@pytest.mark.parametrize("lie", [*CONTRADICTIONS, *FAILURES])
def test_two_of_three_are_enough_beside_one_that_lies(opening: Opening, witnesses: Witnesses, lie: str) -> None:
    """What it says counts for nothing, and is told."""
    found = opening(witnesses.policy("2"))
    found.decide("appoint-evaluator")
    witnesses.liar.lies(lie)
    with capture_logs() as lines:
        found.asking.cosign(seconds=20)
        eventually(lambda: sum(found.figures("failures_total") + found.figures("contradictions_total")) == 1, 20)
    note = found.get("checkpoint")
    assert found.cosigners(note) == {0, 1}
    assert note.split("\n")[1] == str(found.running.head())
    contradicts = lie in CONTRADICTIONS
    assert found.figures("contradictions_total") == [0, 0, float(contradicts)]
    assert found.figures("failures_total") == [0, 0, float(not contradicts)]
    assert found.figures("position") == [found.running.head(), found.running.head(), 0]
    audited = [each for each in lines if each.get("logger") == "sillok.audit"]
    assert [each["witness"] for each in audited] == ["witness.example/2"] * contradicts


def test_one_that_lies_and_one_that_is_down_are_two_too_many(
    opening: Opening, witnesses: Witnesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What met the policy before is served until the one that was down is back. The record is exported all the same."""
    found = opening(witnesses.policy("2"))
    found.decide("enrol-team")
    found.asking.cosign(seconds=20)
    before = found.get("checkpoint")
    assert len(found.cosigners(before)) >= 2
    witnesses.liar.lies("another root")
    witnesses.honest[1].kill()
    found.decide("appoint-evaluator")
    head = found.running.head()
    found.asking.cosign(seconds=20)
    assert found.get("checkpoint") == before
    assert found.cosigners(found.get(f"checkpoint/{head}")) == {0}
    assert found.cosigners(found.get(f"receipts/{head}")) == {0}
    monkeypatch.setattr(bundles, "WITNESS_SECONDS", 0.0)
    found.running.project()
    export(found.running, tmp_path / "bundle")
    exported = verify(tmp_path / "bundle", log_key(found.running))
    assert (exported.code, f"whole: {head} events" in exported.said) == (0, True), exported.said
    witnesses.honest[1].start()
    found.asking.cosign(seconds=20)
    assert found.get("checkpoint") == found.get(f"checkpoint/{head}") != before
    assert found.cosigners(found.get("checkpoint")) == found.cosigners(found.get(f"receipts/{head}")) == {0, 1}


def test_receipts_are_of_the_first_checkpoint_that_meets_the_policy(opening: Opening, witnesses: Witnesses) -> None:
    found = opening(witnesses.policy("all"))
    found.decide("enrol-team")
    sizes = [found.running.head()]
    assert found.cosigners(found.get("receipts/1")) == set()  # better than none
    for decision in ("appoint-evaluator", "submit-score"):
        found.decide(decision)
        sizes.append(found.running.head())
        found.asking.cosign(seconds=20)
    receipt = found.get("receipts/1")
    assert f"\n{sizes[1]}\n" in receipt
    assert found.cosigners(receipt) == {0, 1, 2}
    assert found.cosigners(found.get(f"checkpoint/{sizes[0]}")) == set()
    assert found.get("checkpoint").split("\n")[1] == str(sizes[2])


def test_without_a_policy_the_last_checkpoint_is_served(opening: Opening, witnesses: Witnesses, tmp_path: Path) -> None:
    found = opening(witnesses.policy("all", down=1))
    found.decide("enrol-team")
    found.asking.cosign(seconds=20)
    found.decide("appoint-evaluator")
    for plain in run_service(found.running.database, tmp_path):
        note = plain.client.get("/v1/ledger/checkpoint").text
        assert note.split("\n")[1] == str(found.running.head())


def test_one_that_is_slow_delays_no_other(opening: Opening, witnesses: Witnesses) -> None:
    """It answers after four seconds; meanwhile several checkpoints are cosigned by the others."""
    found = opening(witnesses.policy("2"))
    witnesses.liar.lies("late")
    began = time.monotonic()
    sizes = []
    for decision in ("enrol-team", "appoint-evaluator"):
        found.decide(decision)
        sizes.append(found.running.head())
        asked = time.monotonic()
        found.asking.cosign(seconds=3.5)
        assert time.monotonic() - asked < 3.5
        assert found.cosigners(found.get("checkpoint")) == {0, 1}
        assert found.get("checkpoint").split("\n")[1] == str(sizes[-1])
    slow = time.monotonic() - began < 4
    eventually(lambda: found.figures("position")[2] > 0, 20)
    assert not slow or found.figures("position")[2] == sizes[0]
    assert found.figures("failures_total") == [0, 0, 0]


def test_a_witness_that_another_told_of_a_checkpoint_is_asked_from_there(
    opening: Opening, witnesses: Witnesses
) -> None:
    """Anybody may show it a checkpoint of ours; and an answer of its may have been lost."""
    found = opening(witnesses.policy("2", down=2))
    found.decide("enrol-team")
    first = found.get("checkpoint")
    answer = witnesses.honest[0].post(f"old 0\n\n{first}")
    assert answer.status_code == 200
    found.decide("appoint-evaluator")
    found.asking.cosign(seconds=20)
    assert found.cosigners(found.get("checkpoint")) == {0, 1}
    assert found.figures("contradictions_total") == [0, 0, 0]


def test_a_second_history_is_cosigned_by_nobody(opening: Opening, witnesses: Witnesses) -> None:
    """Whoever rules database and signer rewrites both: the witnesses remember, and it is told."""
    found = opening(witnesses.policy("2", down=2))
    found.decide("appoint-evaluator")
    found.asking.cosign(seconds=20)
    assert found.cosigners(found.get("checkpoint")) == {0, 1}
    database = found.running.database
    as_owner(
        database,
        "UPDATE ledger.event SET entry = set_byte(entry, 60, 255 - get_byte(entry, 60)) WHERE position = 5",
        *(f"DELETE FROM seal.{each}" for each in ("witnessed", "cosignature", "witness", "checkpoint", "tile")),
        "UPDATE seal.state SET size = 0, root = sha256('')",
    )
    found.signer.kill()
    signed = found.signer.folder / "signed.json"
    signed.write_text(json.dumps({**json.loads(signed.read_text()), "size": 0, "root": ""}))
    assert found.signer.start() == ""
    SmallProgramme(found.running)
    assert found.seal() == "current"
    with capture_logs() as lines:
        found.asking.cosign(seconds=20)
    assert found.figures("contradictions_total")[:2] == [1, 1]
    audited = {each["witness"] for each in lines if each["event"] == "witness-contradicts"}
    assert audited == {"witness.example/0", "witness.example/1"}
    assert found.cosigners(found.get("checkpoint")) == set()


def test_a_database_that_went_back_is_told_by_the_witnesses(opening: Opening, witnesses: Witnesses) -> None:
    """It has fewer events than they saw."""
    found = opening(witnesses.policy("2", down=2))
    found.decide("enrol-team")
    for each in witnesses.honest:
        old = each.post(f"old 0\n\n{found.get('checkpoint')}")
        assert old.status_code == 200
    before = found.running.head()
    found.decide("appoint-evaluator")
    found.asking.cosign(seconds=20)
    as_owner(
        found.running.database,
        f"DELETE FROM seal.witnessed WHERE size > {before}",
        f"DELETE FROM seal.cosignature WHERE size > {before}",
        f"DELETE FROM seal.checkpoint WHERE size > {before}",
    )
    with capture_logs() as lines:
        found.asking.cosign(seconds=20)
    told = [each["because"] for each in lines if each["event"] == "witness-contradicts"]
    assert len(told) == 2
    assert all(f"leaves of this log, which has {before}" in each for each in told)


def test_a_policy_that_is_changed_is_met_by_what_there_is(opening: Opening, witnesses: Witnesses) -> None:
    found = opening(witnesses.policy("all"))
    found.decide("enrol-team")
    found.asking.cosign(seconds=20)
    head = found.running.head()
    other = opening(witnesses.policy("1"))
    other.asking.cosign(seconds=20)
    found.decide("appoint-evaluator")
    assert other.get("checkpoint").split("\n")[1] == str(head)


def is_cosigned(running: Running) -> bool:
    """Whether the last checkpoint is of the whole ledger, by two witnesses."""
    note = running.client.get("/v1/ledger/checkpoint").text
    return note.split("\n")[1:2] == [str(running.head())] and note.count("\n— witness.example") == 2


@pytest.mark.timeout(180)
def test_the_worker_has_every_checkpoint_cosigned(
    serving: Running, workers: Workers, witnesses: Witnesses, tmp_path: Path
) -> None:
    """As it runs, by Celery, woken by the sealer."""
    signer = prepare_signer(tmp_path, witnesses)
    assert signer.start() == ""
    witnesses.liar.lies("another root")
    (tmp_path / "policy").write_text(witnesses.policy("2"))
    workers.environment["SILLOK_WITNESSES"] = str(tmp_path / "policy")
    workers.sealer()
    workers.start(*WITNESSES)
    for plain in run_service(serving.database, tmp_path, witnesses_path=tmp_path / "policy"):
        for upto in (20, 60):
            serving.play(REHEARSAL, lines_of(REHEARSAL)[:upto])
            eventually(partial(is_cosigned, plain), 60, workers.log)
    signer.kill()
