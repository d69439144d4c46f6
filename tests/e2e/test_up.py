"""`sillok up`, as a user runs it: a process, two servers, three children, and nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.playing import EVERY, HARBOUR, PROGRAMMES, PUBLIC_RECORD, REHEARSAL, lines_of
from tests.serving import free_port

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Up:
    """A running `sillok up`."""

    process: subprocess.Popen[str]
    home: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.home / 'sockets'}"

    def wait_until_shown(self, seconds: float = 120) -> str:
        """Everything printed until the addresses are shown."""
        assert self.process.stdout is not None
        said = ""
        deadline = time.monotonic() + seconds
        for line in self.process.stdout:
            said += line
            if "Ctrl-C stops everything" in line:
                return said
            assert time.monotonic() < deadline, said
        pytest.fail(f"ended with {self.process.wait()}: {said}")

    def family(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(60)
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()


def start(home: Path, port: int | str, *options: str | Path, **environment: str) -> Up:
    """`sillok up`, with its options."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "HOST")}
    process = subprocess.Popen(
        [Path(sys.executable).parent / "sillok", "up", *options],
        cwd=ROOT,
        env={**kept, "SILLOK_HOME": str(home), "PORT": str(port), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Up(process, home, int(port) if str(port).isdecimal() else 0)


def only_public_record(folder: Path) -> tuple[str, Path]:
    """The option that has the smallest of the programmes played alone. `folder`: to be made for it."""
    folder.mkdir()
    (folder / PUBLIC_RECORD).symlink_to(PROGRAMMES / PUBLIC_RECORD)
    return "--programmes", folder


def runs(process: psutil.Process) -> bool:
    """Whether it does anything any more: one that ended and waits to be reaped does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_it_serves_every_programme(up: Up) -> None:
    listed = httpx.get(f"{up.url}/v1/programmes", trust_env=False).json()["programmes"]
    assert {each["programme"]: each["data_set"] for each in listed} == {
        PUBLIC_RECORD: "public-record",
        REHEARSAL: "rehearsal",
        HARBOUR: "rehearsal",
    }
    for programme, total in ((PUBLIC_RECORD, "90.2"), (REHEARSAL, "90.2"), (HARBOUR, "51.7")):
        head = httpx.get(f"{up.url}/v1/ledger/events?limit=1", trust_env=False).headers["ledger-head"]
        address = f"{up.url}/v1/programmes/{programme}/standings?min_position={head}"
        found = httpx.get(address, headers={"Accept-Encoding": "identity"}, trust_env=False)
        assert found.json()["rows"][0]["total"]["exact"] == total
        asked = httpx.head(address, headers={"Accept-Encoding": "identity"}, trust_env=False)
        assert (asked.status_code, asked.content, asked.headers["etag"]) == (200, b"", found.headers["etag"])
        assert asked.headers["content-length"] == str(len(found.content))


def test_a_decision_is_made_from_the_command_line(up: Up) -> None:
    """Recorded once under the name of the request, from an argument or standard input; a refusal is a sentence."""
    key = json.loads((up.home / "keys.json").read_text())["agencies"]["msit"]
    grant = {"grant": "one", "team": "upstage", "resource": "gpu", "quantity": "1"}
    period = {"starts": "2026-03-01", "ends": "2026-04-01"}

    def decide(body: str, *options: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).parent / "sillok", "decide", "grant-resource", REHEARSAL, body, *options],
            env={**os.environ, "PORT": str(up.port), "SILLOK_HOME": str(up.home), "SILLOK_KEY": key},
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    text = json.dumps({**grant, **period})
    first = decide(text, "--request", "cli-1")
    assert first.returncode == 0, first.stderr
    assert re.fullmatch(r"position \d+: ResourceGranted\n", first.stdout)
    again = decide("-", "--request", "cli-1", said=text)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    refused = decide(text)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "/problems/grant-exists" in refused.stderr
    file = up.home / "auditor.key"
    file.write_text(json.loads((up.home / "keys.json").read_text())["auditor"] + "\n")
    assert "/problems/wrong-role" in decide(text, "--key-file", str(file)).stderr
    assert "no key can be read" in decide(text, "--key-file", str(up.home / "nothing")).stderr


def test_keys_are_written_for_the_owner_only(up: Up) -> None:
    file = up.home / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = json.loads(file.read_text())
    assert set(keys) == {"operator", "auditor", "evaluator", "agencies", "consortiums"}
    assert {"msit", "nipa", "tta", "nia", "sillok-recorder"} <= set(keys["agencies"])
    lines = [line for programme in EVERY for line in lines_of(programme)]
    enrolled = {line.body["team"] for line in lines if line.decision == "enrol-team"}
    assert enrolled | {line.consortium for line in lines if line.consortium} == set(keys["consortiums"])


def test_the_evaluator_of_the_demonstration_reads_their_own_sheets(up: Up) -> None:
    key = json.loads((up.home / "keys.json").read_text())["evaluator"]
    asked: dict[str, str | int] = {"type": "ScoreSubmitted", "programme": REHEARSAL, "limit": 1000}
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.get(f"{up.url}/v1/ledger/events", params=asked, headers=headers, trust_env=False)
    sheets = [json.loads(line) for line in answer.text.splitlines()]
    first = next(line.body["evaluator"] for line in lines_of(REHEARSAL) if line.decision == "appoint-evaluator")
    assert {each["data"]["evaluator"] for each in sheets if not each.get("withheld")} == {first}
    assert any(each.get("withheld") for each in sheets)


def test_a_second_one_on_the_same_home_says_so(up: Up) -> None:
    second = start(up.home, free_port())
    said, _ = second.process.communicate(timeout=30)
    assert second.process.returncode == 1
    assert "runs on" in said
    assert "SILLOK_HOME" in said
    assert len(said.strip().splitlines()) == 1


def test_a_taken_port_is_said_in_one_sentence(up: Up, tmp_path: Path) -> None:
    second = start(tmp_path / "home", up.port)
    said, _ = second.process.communicate(timeout=30)
    assert second.process.returncode == 1
    assert f":{up.port}" in said
    assert "PORT" in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "70000"), ("DATABASE_URL", "mysql://x"), ("REDIS_URL", "x")]
)
def test_a_bad_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    running = start(tmp_path / "home", **{"port": free_port(), name: value} if name != "PORT" else {"port": value})
    said, _ = running.process.communicate(timeout=30)
    assert running.process.returncode == 1
    assert name in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize("scheme", ["redis://127.0.0.1:{port}/0", "unix://{home}/nothing.sock"])
def test_a_redis_that_does_not_answer_is_said_before_anything_is_played(up: Up, tmp_path: Path, scheme: str) -> None:
    url = scheme.format(port=free_port(), home=tmp_path)
    running = start(tmp_path / "home", free_port(), REDIS_URL=url, DATABASE_URL=up.database)
    said, _ = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    last = said.strip().splitlines()[-1]
    assert "Redis does not answer at REDIS_URL" in last
    assert "Traceback" not in said
    assert "playing" not in said
    assert "starting api" not in said


def test_a_database_that_does_not_answer_is_said_before_anything_is_played(tmp_path: Path) -> None:
    running = start(tmp_path / "home", free_port(), DATABASE_URL=f"postgresql://x@127.0.0.1:{free_port()}/x")
    said, _ = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    last = said.strip().splitlines()[-1]
    assert "No connection to PostgreSQL at DATABASE_URL" in last
    assert "leave DATABASE_URL unset" in last
    assert "Traceback" not in said
    assert "starting api" not in said


def test_a_database_role_without_privileges_is_said_before_anything_is_played(up: Up, tmp_path: Path) -> None:
    with psycopg.connect(up.database, autocommit=True) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
        connection.execute("CREATE DATABASE visited")
    given = f"postgresql://visitor@/visited?host={up.home / 'sockets'}"
    running = start(tmp_path / "home", free_port(), DATABASE_URL=given)
    said, _ = running.process.communicate(timeout=60)
    assert running.process.returncode == 1
    assert "visitor lacks privileges" in said.strip().splitlines()[-1]
    assert "Traceback" not in said
    assert "playing" not in said


def test_data_of_another_postgresql_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "home" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    running = start(tmp_path / "home", free_port())
    said, _ = running.process.communicate(timeout=30)
    assert running.process.returncode == 1
    assert "PostgreSQL 15" in said
    assert "SILLOK_HOME" in said


@pytest.mark.timeout(240)
def test_it_stops_all_it_started_and_comes_back_with_the_same_ledger(up: Up, tmp_path: Path) -> None:
    """Beside another one that goes on: two homes, two ports."""
    played = only_public_record(tmp_path / "programmes")
    first = start(tmp_path / "home", free_port(), *played)
    first.wait_until_shown()
    family = first.family()
    assert {"postgres", "redis-server"} <= {process.name() for process in family}
    before = httpx.get(f"{first.url}/v1/ledger/events?limit=1000", trust_env=False)
    keys = (tmp_path / "home" / "keys.json").read_text()
    assert first.stop() == 0
    assert [process for process in family if runs(process)] == []
    assert httpx.get(f"{up.url}/health/ready", trust_env=False).status_code == 200

    again = start(tmp_path / "home", free_port(), *played)
    said = again.wait_until_shown()
    assert f"{PUBLIC_RECORD}: 0 decisions recorded, {len(lines_of(PUBLIC_RECORD))} were there already" in said
    assert "migration" not in said
    after = httpx.get(f"{again.url}/v1/ledger/events?limit=1000", trust_env=False)
    assert after.headers["ledger-head"] == before.headers["ledger-head"]
    assert after.content == before.content
    assert (tmp_path / "home" / "keys.json").read_text() == keys

    family = again.family()
    assert again.stop(signal.SIGKILL) == -signal.SIGKILL
    _gone, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    assert httpx.get(f"{up.url}/health/ready", trust_env=False).status_code == 200


@pytest.mark.timeout(120)
def test_a_worker_signer_or_redis_that_dies_is_started_again_and_decisions_go_on(up: Up) -> None:
    def running(*words: str) -> list[psutil.Process]:
        found = []
        for process in up.family():
            with contextlib.suppress(psutil.NoSuchProcess):  # one that just ended
                if all(word in " ".join(process.cmdline()) for word in words):
                    found.append(process)
        return found

    keys = json.loads((up.home / "keys.json").read_text())
    programme = f"{up.url}/v1/programmes/independent-ai-foundation-model-rehearsal"
    for number, words in enumerate(
        [("celery", " worker "), ("celery", " beat "), ("redis-server",), ("service.signer",)]
    ):
        killed = running(*words)
        assert killed
        for process in killed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        body = {"grant": f"g{number}", "team": "upstage", "resource": "data"}
        answer = httpx.post(
            f"{programme}/decisions/grant-resource",
            json={**body, "starts": "2026-02-01", "ends": "2026-03-01"},
            headers={"Authorization": f"Bearer {keys['agencies']['msit']}", "Idempotency-Key": f"again-{number}"},
            trust_env=False,
        )
        assert answer.status_code == 201, answer.text
        position = answer.json()["events"][0]["position"]
        deadline = time.monotonic() + 30
        while httpx.get(f"{programme}/grants", trust_env=False).json()["position"] < position or not running(*words):
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_an_api_worker_that_dies_is_started_again(up: Up) -> None:
    server = next(process for process in up.family() if "granian" in " ".join(process.cmdline()))
    killed = [process for process in server.children() if "resource_tracker" not in " ".join(process.cmdline())]
    assert killed
    for process in killed:
        process.kill()
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{up.url}/health/ready", trust_env=False).status_code == 200:
                break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not {process.pid for process in killed} & {process.pid for process in up.family()}
    assert up.process.poll() is None


def test_with_given_servers_it_starts_none(up: Up, tmp_path: Path) -> None:
    """DATABASE_URL and REDIS_URL name those of the first; a database of its own."""
    sockets = up.home / "sockets"

    if not sockets.exists():
        pytest.fail("the sockets of the first one are elsewhere")
    with psycopg.connect(f"host={sockets} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE given")
    redis = next(up.home.rglob("redis.sock"))
    running = start(
        tmp_path / "home",
        free_port(),
        *only_public_record(tmp_path / "programmes"),
        DATABASE_URL=f"postgresql://postgres@/given?host={sockets}",
        REDIS_URL=f"unix://{redis}",
    )
    running.wait_until_shown()
    assert not {"postgres", "redis-server"} & {process.name() for process in running.family()}
    assert not (tmp_path / "home" / "postgres").exists()
    assert running.stop() == 0
    assert httpx.get(f"{up.url}/health/ready", trust_env=False).status_code == 200
