"""`sillok witness` in a process of its own, over HTTP: what it cosigns, and how it says no."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.witnessing import Log, WitnessProcess, body, cosigned_at, text

LOGS = [Log(f"log.example/{number}") for number in range(20)]


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WitnessProcess]:
    found = WitnessProcess(tmp_path_factory.mktemp("witnesses") / "witness")
    found.follow(*(each.vkey for each in LOGS))
    found.start()
    yield found
    found.kill()


@pytest.fixture(scope="module")
def unused() -> Iterator[Log]:
    return iter(LOGS)


@pytest.fixture
def log(unused: Iterator[Log]) -> Log:
    """One of which the witness cosigned nothing yet."""
    return next(unused)


def cosigned(witness: WitnessProcess, log: Log, old: int, new: int) -> int:
    """When it cosigned that; fails if it did not."""
    answer = witness.post(log.submission(old, new))
    assert answer.status_code == 200, answer.text
    return cosigned_at(witness.vkey, answer.text, log.checkpoint(new))


def refused(witness: WitnessProcess, status: int, content: str | bytes) -> httpx.Response:
    answer = witness.post(content)
    assert answer.status_code == status, answer.text
    assert "—" not in answer.text
    return answer


def require_last(witness: WitnessProcess, log: Log, size: int) -> None:
    """What it cosigned last."""
    answer = refused(witness, 409, log.submission(0 if size else 1, 40))
    assert (answer.text, answer.headers["content-type"]) == (f"{size}\n", "text/x.tlog.size")


def test_a_tree_that_grows_is_cosigned_at_every_size(witness: WitnessProcess, log: Log) -> None:
    before = int(time.time())
    for old, new in ((0, 1), (1, 2), (2, 7), (7, 7), (7, 32), (32, 40)):
        assert before <= cosigned(witness, log, old, new) <= time.time()
        require_last(witness, log, new)


def test_logs_are_apart(witness: WitnessProcess, log: Log, unused: Iterator[Log]) -> None:
    cosigned(witness, log, 0, 20)
    cosigned(witness, next(unused), 0, 5)
    cosigned(witness, log, 20, 21)
    require_last(witness, log, 21)


def test_what_is_no_submission_is_refused(witness: WitnessProcess, log: Log) -> None:
    cosigned(witness, log, 0, 3)
    note, hashes = log.checkpoint(8), log.proof(3, 8)
    for wrong in (
        "",
        note,
        body(3, hashes, ""),
        body(3, ["AAAA"], note),
        body(3, [*hashes, "not base64!"], note),
        body(3, [text(bytes(32))] * 64, note),
        body(3, hashes, note).replace("old 3", "old 03"),
        body(3, hashes, note).replace("old 3", "old -3"),
        body(3, hashes, note).replace("old 3", "size 3"),
        body(3, hashes, note).replace("\n8\n", "\n08\n"),
        body(3, hashes, note).removesuffix("\n"),
        body(3, hashes, note).replace("\n", "\r\n"),
    ):
        refused(witness, 400, wrong)
    refused(witness, 400, b"\xff" + body(3, hashes, note).encode())
    refused(witness, 400, body(9, [], note))
    refused(witness, 413, body(3, hashes, note) + "x" * 300_000)
    require_last(witness, log, 3)


def test_a_log_that_is_not_followed_is_not_found(witness: WitnessProcess) -> None:
    refused(witness, 404, Log("log.example/other").submission(0, 5))
    assert httpx.get(f"{witness.url}/add-checkpoint", trust_env=False).status_code == 405


def test_whoever_is_not_the_log_is_forbidden(witness: WitnessProcess, log: Log) -> None:
    """A wrong signature, or one by a key of another log, is none."""
    cosigned(witness, log, 0, 3)
    note, other = log.checkpoint(8), LOGS[-1].checkpoint(8)
    stranger = note.partition("\n\n")[0] + "\n\n" + other.partition("\n\n")[2]
    wrong = note.replace(f"\n{text_of_root(note)}\n", f"\n{text(bytes(32))}\n")
    for each in (stranger, wrong):
        refused(witness, 403, body(3, log.proof(3, 8), each))
    require_last(witness, log, 3)


def text_of_root(note: str) -> str:
    return note.split("\n")[2]


def test_signatures_of_others_beside_the_logs_are_not_minded(witness: WitnessProcess, log: Log) -> None:
    note = log.checkpoint(8) + Log("log.example/other").checkpoint(8).partition("\n\n")[2]
    assert witness.post(body(0, [], note)).status_code == 200


def test_a_tree_never_shrinks_and_is_never_another(witness: WitnessProcess, log: Log) -> None:
    cosigned(witness, log, 0, 20)
    forked = log.forked()
    assert refused(witness, 409, log.submission(10, 12)).text == "20\n"
    refused(witness, 400, body(20, [], log.checkpoint(10)))
    refused(witness, 422, forked.submission(20, 30))
    refused(witness, 422, body(20, [], log.checkpoint(30)))
    refused(witness, 422, body(20, log.proof(20, 30)[:-1], log.checkpoint(30)))
    refused(witness, 422, body(20, [text(bytes(32))], log.checkpoint(20)))
    same_size = refused(witness, 409, body(20, [], forked.checkpoint(20)))
    assert "another root" in same_size.text
    require_last(witness, log, 20)
    cosigned(witness, log, 20, 30)


def test_a_proof_from_nothing_is_empty(witness: WitnessProcess, log: Log) -> None:
    refused(witness, 422, body(0, [text(bytes(32))], log.checkpoint(5)))
    refused(witness, 409, body(0, [], log.checkpoint(0, root=bytes(31) + b"x")))
    require_last(witness, log, 0)


def test_a_fork_is_told_with_both_of_the_logs_signatures(witness: WitnessProcess, log: Log) -> None:
    """Together they prove it to anybody."""
    cosigned(witness, log, 0, 20)
    refused(witness, 409, body(20, [], log.forked().checkpoint(20)))
    told = witness.log.read_text()
    for each in (log.checkpoint(20), log.forked().checkpoint(20)):
        assert each.split(" ")[-1].strip() in told


def test_a_witness_that_is_killed_remembers(witness: WitnessProcess, log: Log) -> None:
    cosigned(witness, log, 0, 20)
    witness.kill()
    witness.start()
    require_last(witness, log, 20)
    refused(witness, 422, log.forked().submission(20, 30))
    cosigned(witness, log, 20, 30)


def test_of_several_at_once_each_continues_the_one_before(witness: WitnessProcess, log: Log) -> None:
    """Ten submissions race from the same size: one is cosigned, and the others are told its size."""
    cosigned(witness, log, 0, 10)
    answers: list[httpx.Response] = []

    def submit(new: int) -> None:
        answers.append(witness.post(log.submission(10, new)))

    threads = [threading.Thread(target=submit, args=(11 + each,)) for each in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = sorted(each.status_code for each in answers)
    assert found == [200] + [409] * 9
    (size,) = {int(each.text) for each in answers if each.status_code == 409}
    require_last(witness, log, size)
    (line,) = [each.text for each in answers if each.status_code == 200]
    cosigned_at(witness.vkey, line, log.checkpoint(size))


def test_one_folder_has_one_witness(witness: WitnessProcess) -> None:
    assert "runs on" in witness.command(status=1)
    assert "runs on" in witness.command("key", "witness.example/2", status=1)


def test_a_folder_that_lost_something_is_not_begun_anew(tmp_path: Path) -> None:
    witness = WitnessProcess(tmp_path / "witness")
    assert "logs cannot be read" in witness.command(status=1)
    witness.follow(witness.vkey)
    assert "the key of a witness" in witness.command(status=1)
    witness.follow("nonsense")
    assert "line 2: a verifier key is" in witness.command(status=1)
    witness.follow(LOGS[0].vkey)
    assert "is there already" in witness.command("key", "witness.example/2", status=1)
    for name in ("cosigned.json", "key"):
        kept = (witness.folder / name).read_bytes()
        assert (witness.folder / name).stat().st_mode & 0o077 == 0
        (witness.folder / name).write_bytes(b"x")
        assert f"{name} is not as it was written" in witness.command(status=1)
        (witness.folder / name).unlink()
        assert f"{name} is missing" in witness.command(status=1)
        (witness.folder / name).write_bytes(kept)
    assert "no name of a witness" in WitnessProcess(tmp_path / "other", vkey="-").command("key", "a b", status=1)


def test_what_cannot_be_remembered_is_not_cosigned(witness: WitnessProcess, log: Log) -> None:
    memory = witness.folder / "cosigned.json"
    memory.unlink()
    memory.mkdir()
    answer = refused(witness, 500, log.submission(0, 5))
    assert "cosigned.json" not in answer.text
    memory.rmdir()
    require_last(witness, log, 0)
    cosigned(witness, log, 0, 5)
