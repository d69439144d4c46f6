"""A bundle of the rehearsal, made and verified."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.checkpoint import cosignature, cosigned_message
from domain.note import COSIGNATURE, VerifierKey, verifier_key
from service.cli import main
from service.cli.failures import NotAsAskedError
from service.verify import EXIT_CODES, standalone, verify_bundle
from service.verify.second_process import beside
from tests.integration.bundles import Verified, export, log_key, verify, verify_apart
from tests.integration.conftest import Running, run_shared
from tests.integration.sealing import SignerProcess, sealer
from tests.playing import REHEARSAL, lines_of

Verifier = Callable[..., Verified]


@pytest.fixture(scope="module")
def sealed(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The rehearsal, sealed."""
    home = tmp_path_factory.mktemp("bundle")
    signer = SignerProcess(home)
    assert signer.start() == ""
    for running in run_shared(server, template, home):
        running.play(REHEARSAL, lines_of(REHEARSAL))
        running.project()
        with sealer(running.database, signer.client) as seal:
            assert seal() == "current"
        yield running
    signer.kill()


@pytest.fixture(scope="module")
def made(sealed: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "bundle"
    export(sealed, folder)
    return folder


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    """One of one's own to tamper with."""
    return Path(shutil.copytree(made, tmp_path / "bundle"))


VERIFIERS = pytest.mark.parametrize("verifier", [verify, verify_apart])


@VERIFIERS
def test_a_bundle_is_whole_and_its_outcomes_follow(sealed: Running, bundle: Path, verifier: Verifier) -> None:
    found = verifier(bundle, log_key(sealed))
    assert found.code == 0, found.said
    assert f"whole: {sealed.head()} events" in found.said


@pytest.mark.parametrize("altered", [None, "events.ndjson", "leaves", "standings/stage-1.json"])
def test_two_processes_find_what_one_does(
    sealed: Running, bundle: Path, monkeypatch: pytest.MonkeyPatch, altered: str | None
) -> None:
    """Record and outcomes of a long record are looked at at once: the answer is the same."""
    if altered is not None:
        content = (bundle / altered).read_bytes()
        at = content.rindex(b"1")
        (bundle / altered).write_bytes(content[:at] + b"2" + content[at + 1 :])
    one = verify_bundle(bundle, [verifier_key(log_key(sealed))])
    begun: list[object] = []

    def begin(work: Callable[[], object]) -> Callable[[], object]:
        begun.append(work)
        return beside(work)

    monkeypatch.setattr("service.verify.WORTH_A_PROCESS", 1)
    monkeypatch.setattr("service.verify.may_work_beside", lambda: True)
    monkeypatch.setattr("service.verify.beside", begin)
    assert verify_bundle(bundle, [verifier_key(log_key(sealed))]) == one
    assert (len(begun), bool(one.faults)) == (1, altered is not None)


def test_what_fails_in_the_other_process_fails_here() -> None:
    """Nothing that is wrong is lost, nor said twice."""
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 // 0)()


def test_the_verifier_knows_every_event_by_itself(sealed: Running, bundle: Path) -> None:
    """In a process that has imported nothing else."""
    program = (
        "import sys; from pathlib import Path; from domain.note import verifier_key; "
        "from service.verify import verify_bundle; "
        "print(verify_bundle(Path(sys.argv[1]), [verifier_key(sys.argv[2])]).faults)"
    )
    command = [sys.executable, "-c", program, str(bundle), log_key(sealed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@VERIFIERS
def test_an_edited_byte_is_found(sealed: Running, bundle: Path, verifier: Verifier) -> None:
    file = bundle / "events.ndjson"
    lines = file.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if '"type":"ScoreSubmitted"' in line)
    lines[at] = lines[at].replace('\\"points\\":\\"', '\\"points\\":\\"1', 1)
    file.write_text("".join(lines))
    found = verifier(bundle, log_key(sealed))
    assert (found.code, found.said.startswith(f"edited at position {at + 1}:")) == (10, True), found.said


def test_an_export_goes_on_where_it_was_cut_off(sealed: Running, bundle: Path) -> None:
    """What is there is not asked for again, half a line and half a tile are; and the result is the same."""
    whole = {each: (bundle / each).read_bytes() for each in ("events.ndjson", "leaves")}
    (bundle / "events.ndjson").write_bytes(whole["events.ndjson"][:300_001])
    (bundle / "leaves").write_bytes(whole["leaves"][:10_000])
    assert verify(bundle, log_key(sealed)).code != 0
    export(sealed, bundle)
    assert {each: (bundle / each).read_bytes() for each in whole} == whole


def test_a_bundle_is_of_one_programme(sealed: Running, bundle: Path) -> None:
    with pytest.raises(NotAsAskedError, match="is a bundle of"):
        export(sealed, bundle, programme="another")


@pytest.mark.parametrize("reader", ["public", "agency", "consortium", "evaluator", "operator"])
def test_whoever_is_no_auditor_gets_no_salt(sealed: Running, reader: str) -> None:
    """Neither of what is under embargo nor of what is public: the envelope is nobody else's to see."""
    keys = sealed.keys
    of = {"agency": keys.agencies["msit"], "consortium": next(iter(keys.consortiums.values()))}
    of |= {"evaluator": keys.evaluator, "operator": keys.operator}
    headers = {"Authorization": f"Bearer {of[reader]}"} if reader in of else {}
    answer = sealed.client.get("/v1/ledger/export", params={"programme": REHEARSAL, "limit": 10_000}, headers=headers)
    assert answer.status_code == 200
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["position"] for each in lines] == list(range(1, sealed.head() + 1))
    assert {field for each in lines for field in each} == {
        *("position", "programme", "type", "version", "recorded_at", "entry")
    }


def test_an_auditor_is_shown_in_full_the_programme_that_they_ask_for(sealed: Running) -> None:
    headers = {"Authorization": f"Bearer {sealed.keys.auditor}"}
    for programme, shown in ((REHEARSAL, True), ("another", False), (None, False)):
        asked = {"limit": "1"} | ({} if programme is None else {"programme": programme})
        answer = sealed.client.get("/v1/ledger/export", params=asked, headers=headers)
        assert ("salt" in answer.json()) == shown


@VERIFIERS
def test_the_public_s_bundle_shows_that_the_record_is_whole(
    sealed: Running, tmp_path: Path, verifier: Verifier
) -> None:
    """And only who says that they are the public takes it for that."""
    export(sealed, tmp_path / "bundle", key="")
    found = verifier(tmp_path / "bundle", log_key(sealed), "--public")
    assert (found.code, "outcomes were not looked at" in found.said) == (0, True)
    found = verifier(tmp_path / "bundle", log_key(sealed))
    assert (found.code, found.said.partition(":")[0]) == (11, "removed at position 1")


def test_both_verifiers_keep_the_same(sealed: Running, bundle: Path, tmp_path: Path) -> None:
    kept = []
    for number, verifier in enumerate((verify, verify_apart)):
        file = tmp_path / f"kept-{number}"
        assert verifier(bundle, log_key(sealed), "--state", str(file)).code == 0
        assert verifier(bundle, log_key(sealed), "--state", str(file)).code == 0
        kept.append(json.loads(file.read_bytes()))
    assert kept[0] == kept[1]
    assert kept[0]["size"] == sealed.head()


def test_the_file_in_the_bundle_needs_nothing_of_this_project() -> None:
    """But the standard library and one package."""
    tree = ast.parse(Path(standalone.__file__).read_text())
    found = {each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    found |= {name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names}
    assert {each.partition(".")[0] for each in found} - sys.stdlib_module_names == {"cryptography"}


def cosigned(text: str, name: str, seed: int, *, time: int = 1_700_000_000, wrong: bool = False) -> tuple[str, str]:
    """A witness's key and its line under a checkpoint's text."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
    key = VerifierKey(name, COSIGNATURE, private.public_key().public_bytes_raw())
    signed = private.sign(cosigned_message(text, time + wrong))
    return str(key), cosignature(key, time, signed).line


@VERIFIERS
def test_as_many_witnesses_as_the_auditor_asks_for_have_seen_it(
    sealed: Running, bundle: Path, tmp_path: Path, verifier: Verifier
) -> None:
    (file,) = (bundle / "checkpoints").iterdir()
    note = file.read_text()
    text = note.partition("\n\n")[0] + "\n"
    keys, lines = zip(*(cosigned(text, f"w{n}.example", n) for n in (1, 2, 3)), strict=True)
    named = "".join(f"witness w{n} {key} https://w{n}.example\n" for n, key in enumerate(keys, 1))
    policy = tmp_path / "policy"

    def verified(cosignatures: str, rest: str) -> Verified:
        file.write_text(note + cosignatures)
        policy.write_text(f"# whom we trust\n{named}{rest}\n")
        return verifier(bundle, log_key(sealed), "--policy", str(policy))

    two = "group two 2 w1 w2 w3\nquorum two"
    assert verified(lines[0] + lines[2], two).code == 0
    assert verified("", "quorum none").code == 0
    for few in ("", lines[1]):
        found = verified(few, two)
        assert (found.code, "not enough" in found.said) == (17, True), found.said
    assert verified(lines[0] + lines[1], "group own all w1 w2\ngroup both all own w3\nquorum both").code == 17
    wrong = cosigned(text, "w2.example", 2, wrong=True)[1]
    found = verified(lines[0] + wrong + lines[2], two)
    assert (found.code, "the cosignature of w2.example is wrong" in found.said) == (17, True), found.said
    assert verified("", "quorum w9").code not in (0, *EXIT_CODES.values())


def test_every_decision_follows_from_what_is_in_a_bundle(bundle: Path) -> None:
    said = CliRunner().invoke(main, ["prove", "--bundle", str(bundle)])
    assert said.exit_code == 0, said.output
    assert (
        "866 decisions up to position 867 made again: 18 had to come out so; 848 were lawful discretion" in said.stdout
    )
    digests = CliRunner().invoke(main, ["replay", "--bundle", str(bundle), "--view", "standings"])
    shown = json.loads((bundle / "standings" / "stage-1.json").read_bytes())
    assert f"standings of stage-1  {shown['digest']}" in digests.stdout
