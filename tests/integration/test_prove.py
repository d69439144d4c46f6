"""`sillok prove`, on the service's database and on bundles."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from domain.envelope import decode_envelope, encode_envelope
from domain.reexecution import Reexecution
from service.application.ports import StreamedEvent
from service.cli import main
from service.ed25519 import verify_ed25519
from service.verify import EXIT_CODES
from service.verify.bundle import Line, lines_of
from tests.integration.conftest import Running, run_shared
from tests.integration.small import PROGRAMME, SmallProgramme
from tests.integration.tampering import SIGNED, sign
from tests.integration.test_previews import approved, correcting, looked_at
from tests.playing import HARBOUR
from tests.releases import KEPT


@pytest.fixture(scope="module")
def small(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Signed decisions, a stage that is scored and settled, a correction approved as its effects were looked at."""
    for running in run_shared(server, template, tmp_path_factory.mktemp("prove")):
        played = SmallProgramme(running, signed=SIGNED)
        sign(played)
        played.score()
        waiting = correcting(played, "ant")
        assert approved(played, waiting, looked_at(played, waiting)).status_code == 201
        played.rule()
        yield running


def prove(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["prove", *arguments], env=environment)


def here(running: Running, *arguments: str) -> Result:
    return prove(*arguments, DATABASE_URL=running.url, SILLOK_HOME=str(running.settings.home))


def test_every_decision_in_the_database_follows(small: Running) -> None:
    done = here(small, "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)
    assert (found["programme"], found["position"], found["faults"], found["unknown"]) == (
        PROGRAMME,
        small.head(),
        [],
        [],
    )
    assert found["forced"] + found["discretion"] == small.head() - 1  # an approval comes to two events
    assert found["decisions"]["approve"] == {"discretion": 1}
    assert found["decisions"]["consolidate-stage"] == {"forced": 1}


def test_one_decision_is_told_in_words(small: Running) -> None:
    (found,) = [each for each in small.service.ledger.read() if each.type == "TeamEliminated"]
    done = here(small, PROGRAMME, "--position", str(found.position))
    assert done.exit_code == 0, done.output
    assert f"eliminate-team at position {found.position}" in done.stdout
    assert "was lawful discretion" in done.stdout
    assert "chosen within the rules: basis\n" in done.stdout
    assert "eliminate-team with basis gate: lawful, too\n" in done.stdout
    assert "advance-team: cow failed slow\n" in done.stdout
    id_ = json.loads(here(small, "--position", str(found.position), "--json").stdout)["decision_id"]
    assert here(small, "--decision", id_).stdout == done.stdout


def test_a_signature_is_verified_again(small: Running) -> None:
    events: list[StreamedEvent] = list(small.service.ledger.read())
    place = next(n for n, each in enumerate(events) if each.type == "ConsortiumChanged")
    envelope = decode_envelope(events[place].envelope)
    header, value = str(envelope.signature).split("..")
    forged = encode_envelope(msgspec.structs.replace(envelope, signature=f"{header}..{value[:8]}AAAA{value[12:]}"))
    events[place] = msgspec.structs.replace(events[place], envelope=forged)
    (found,) = [each for each in Reexecution(PROGRAMME, verify_ed25519).proofs(events) if each.why]
    assert found.position == events[place].position
    assert "not that of key owner-1" in (found.why or "")


def test_what_is_not_there_is_said(small: Running, tmp_path: Path) -> None:
    for arguments in (["nowhere"], ["--position", "9999"], ["--bundle", str(tmp_path)]):
        done = here(small, *arguments)
        assert done.exit_code == 1
        assert "Error: " in done.output


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """The events of the ledger that this release keeps, to tamper with."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(lzma.decompress(KEPT[-1].read_bytes()))
    return file


def altered(file: Path, position: int, **data: str) -> None:
    """Another value in an event, and in what it is hashed into."""
    lines = file.read_bytes().splitlines(keepends=True)
    line = msgspec.json.decode(lines[position - 1], type=Line)
    assert line.data is not None
    said = msgspec.json.decode(line.data)
    assert set(data) <= set(said)
    line = msgspec.structs.replace(line, data=msgspec.json.encode(said | data, order="deterministic").decode())
    line = msgspec.structs.replace(line, entry=line.entry_at(position))
    lines[position - 1] = msgspec.json.encode(line) + b"\n"
    file.write_bytes(b"".join(lines))


def first(file: Path, type_: str) -> int:
    return next(each.position for each in lines_of(file) if each.type == type_ and each.programme == HARBOUR)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_fault_is_named_by_its_position_however_many_look_for_it(events: Path, jobs: str) -> None:
    score = first(events, "ScoreSubmitted")
    altered(events, score, points="0.5")
    done = prove(HARBOUR, "--bundle", str(events), "--jobs", jobs)
    assert done.exit_code == EXIT_CODES["wrong-decision"], done.output
    named = done.stderr.splitlines()[0]
    assert named.startswith(f"wrong-decision at position {score}: submit-score: the ScoreSubmitted has points")


def test_an_event_that_is_left_out_is_named(events: Path) -> None:
    gone = first(events, "TeamEnrolled")
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(b"".join(lines[: gone - 1] + lines[gone:]))
    done = prove(HARBOUR, "--bundle", str(events))
    assert (done.exit_code, done.stdout) == (EXIT_CODES["edited"], "")
    assert f"edited at position {gone}: position {gone + 1} stands here" in done.stderr


def test_what_an_export_left_out_is_named(events: Path) -> None:
    position = first(events, "ScoreSubmitted")
    lines = events.read_bytes().splitlines(keepends=True)
    line = msgspec.json.decode(lines[position - 1], type=Line)
    lines[position - 1] = msgspec.json.encode(msgspec.structs.replace(line, data=None)) + b"\n"
    events.write_bytes(b"".join(lines))
    assert prove(HARBOUR, "--bundle", str(events)).exit_code == EXIT_CODES["removed"]


def test_an_unknown_decider_is_said_and_proves_nothing(events: Path) -> None:
    events.write_bytes(events.read_bytes().replace(b"close-scoring/1", b"close-scoring/9"))
    done = prove(HARBOUR, "--bundle", str(events))
    assert done.exit_code == 1
    assert "3 cannot be made again by this release" in done.stdout
    assert "close-scoring/9 is not in this release" in done.stderr
