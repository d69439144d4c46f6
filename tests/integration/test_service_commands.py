"""Commands that call the service, against an API process of its own."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.cli.login import LOGIN
from tests.integration.api_process import ApiProcess
from tests.integration.small import HEAT, WHY, SmallProgramme
from tests.integration.test_previews import correcting

DEVIATION = {**HEAT, "subject": "eliminations", "actual": "0", "reason": WHY}
EVIDENCE = {**HEAT, "team": "ant", "kind": "report", "sha256": "ab" * 32, "title": "Report"}

Command = Callable[..., Result]


@pytest.fixture
def api(shared_api: ApiProcess) -> ApiProcess:
    """One for all tests."""
    return shared_api


@pytest.fixture
def scored(api: ApiProcess) -> SmallProgramme:
    """A programme of each test's own, of which the first stage is scored."""
    made = SmallProgramme(api.running, programme=f"programme-{api.running.head()}")
    made.score()
    return made


@pytest.fixture
def small(scored: SmallProgramme) -> SmallProgramme:
    """The same once the stage is consolidated."""
    scored.accepted("consolidate-stage", HEAT)
    scored.running.project()
    return scored


@pytest.fixture
def sillok(api: ApiProcess, tmp_path: Path) -> Command:
    """A command with nothing kept yet; `key`: what SILLOK_KEY holds; `said`: what is typed."""

    def invoke(*arguments: str, key: str = "", said: str = "", url: str | None = None) -> Result:
        environment = {LOGIN: str(tmp_path / "config" / "login.json"), "SILLOK_KEY": key}
        environment["PORT"] = (url or api.url).rpartition(":")[2]
        return CliRunner().invoke(main, arguments, env=environment, input=said)

    return invoke


def test_a_decision_by_command(small: SmallProgramme, sillok: Command) -> None:
    body = msgspec.json.encode(EVIDENCE).decode()
    asked = ("decide", "register-evidence", small.programme, "-", "--request", "mine")
    first = sillok(*asked, key=small.keys["owner"], said=body)
    assert first.exit_code == 0, first.output
    assert "EvidenceRegistered" in first.stdout
    again = json.loads(sillok(*asked, "--json", key=small.keys["owner"], said=body).stdout)
    assert again["replayed"] is True
    assert f"position {again['events'][0]['position']}: EvidenceRegistered\n" == first.stdout
    refused = sillok("decide", "open-stage", small.programme, '{"stage": "heat"}', key=small.keys["owner"])
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: 409: ")
    changed = sillok(
        *("decide", "record-deviation", small.programme, msgspec.json.encode(DEVIATION).decode()),
        *("--unchanged-since", "1"),
        key=small.keys["owner"],
    )
    assert "changed-since" in changed.stderr


def test_what_a_login_keeps_is_used_where_nothing_else_is_given(
    small: SmallProgramme, api: ApiProcess, sillok: Command, tmp_path: Path
) -> None:
    key = tmp_path / "owner.key"
    key.write_text(small.keys["owner"] + "\n")
    kept = sillok("login", api.url, "--key-file", str(key))
    assert kept.exit_code == 0, kept.output
    assert json.loads(sillok("login", api.url, "--key-file", str(key), "--json").stdout)["url"] == api.url
    assert f"position {small.running.head()};" in kept.stdout
    file = tmp_path / "config" / "login.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    body = msgspec.json.encode(EVIDENCE).decode()
    asked = ("decide", "register-evidence", small.programme, body)
    assert sillok(*asked, url="http://127.0.0.1:1").exit_code == 0
    another = (*asked[:-1], msgspec.json.encode({**EVIDENCE, "sha256": "cd" * 32}).decode())
    assert sillok(*another, "--key-file", str(key), url="http://127.0.0.1:1").exit_code == 0
    elsewhere = sillok(*asked, "--url", api.url)
    assert "unauthenticated" in elsewhere.stderr, "a login's key is shown to its own service only"
    assert sillok("logout").exit_code == 0
    assert not file.exists()
    assert "unauthenticated" in sillok(*asked).stderr


def test_a_login_that_the_service_does_not_take_is_not_kept(api: ApiProcess, sillok: Command, tmp_path: Path) -> None:
    refused = sillok("login", api.url, key="slk_wrong.key")
    assert refused.exit_code == 1
    assert "unauthenticated" in refused.stderr
    assert not (tmp_path / "config").exists()
    assert "together" in sillok("login", api.url, "--client-id", "slc_1").stderr


def test_a_login_that_cannot_be_read_is_not_repeated(sillok: Command, tmp_path: Path) -> None:
    file = tmp_path / "config" / "login.json"
    file.parent.mkdir()
    file.write_text("a secret that is no JSON")
    said = sillok("standings", "any").stderr
    assert "sillok logout" in said
    assert "secret" not in said


def test_a_decision_is_proposed_after_its_effects_are_shown_and_approved_as_it_was_shown(
    small: SmallProgramme, sillok: Command
) -> None:
    body = msgspec.json.encode(DEVIATION).decode()
    head = small.running.head()
    declined = sillok("propose", "record-deviation", small.programme, body, key=small.keys["owner"], said="n\n")
    assert declined.exit_code == 1
    assert small.running.head() == head
    proposed = sillok("propose", "record-deviation", small.programme, body, key=small.keys["owner"], said="y\n")
    assert proposed.exit_code == 0, proposed.output
    assert "DecisionProposed" in proposed.stdout
    proposal = next(line.split()[1] for line in proposed.stdout.splitlines() if line.startswith("proposal "))
    approved = sillok("approve", proposal, key=small.keys["other"], said="y\n")
    assert approved.exit_code == 0, approved.output
    assert '"actual": "0"' in approved.stdout
    assert "DeviationRecorded" in approved.stdout
    assert "waits no more: it is approved" in sillok("approve", proposal, key=small.keys["other"]).stderr


def test_an_approval_is_of_what_was_shown(
    scored: SmallProgramme, sillok: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While whoever approves reads, another approval changes what this one would come to."""
    first, second = correcting(scored, "ant"), correcting(scored, "bee")
    scored.running.project()

    def confirm(*_arguments: Any, **_options: Any) -> bool:
        assert scored.approve(second).status_code == 201
        scored.running.project()
        return True

    monkeypatch.setattr(click, "confirm", confirm)
    done = sillok("approve", first["proposal"], key=scored.keys["other"])
    assert done.exit_code == 1
    assert "proposal-stale" in done.stderr
    wanted = {"type": "DecisionApproved", "programme": scored.programme}
    approved = scored.client.get("/v1/ledger/events", params=wanted).text.splitlines()
    assert len(approved) == 1


def test_a_proposal_is_rejected_for_a_reason(small: SmallProgramme, sillok: Command) -> None:
    body = msgspec.json.encode(DEVIATION).decode()
    asked = ("propose", "record-deviation", small.programme, body, "--yes", "--json", "--request", "mine")
    proposed, again = (json.loads(sillok(*asked, key=small.keys["owner"]).stdout) for _each in range(2))
    assert again["proposal"] == proposed["proposal"]
    rejected = sillok("reject", proposed["proposal"], "not yet", key=small.keys["other"])
    assert "DecisionRejected" in rejected.stdout


@pytest.mark.usefixtures("scored")
def test_events_are_watched(sillok: Command) -> None:
    watched = sillok("watch", "--after", "0", "--type", "TeamEnrolled", "--count", "2")
    assert watched.exit_code == 0, watched.output
    assert [line.split("\t")[3] for line in watched.stdout.splitlines()] == ["TeamEnrolled"] * 2
    sent = [json.loads(line) for line in sillok("events").stdout.splitlines()]
    lines = sillok("watch", "--after", "0", "--count", str(len(sent)), "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == sent
    assert {each.get("withheld", False) for each in sent} == {True, False}
    assert "unknown-programme" in sillok("watch", "--programme", "nope").stderr


@pytest.mark.usefixtures("scored")
def test_a_watch_that_is_stopped_ends_quietly(api: ApiProcess) -> None:
    environment = {**os.environ, "PORT": api.url.rpartition(":")[2], LOGIN: "/nonexistent"}
    # Whoever is started in the background, as tests may be, minds no Ctrl-C unless it says so.
    minding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{minding}; from service.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "watch", "--after", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"CharterPublished" in process.stdout.readline()
    process.send_signal(2)
    _said, wrong = process.communicate(timeout=20)
    assert process.returncode == 1
    assert wrong.strip() == b"Aborted!"


def test_a_service_that_is_not_there_is_said_in_one_sentence(sillok: Command, monkeypatch: Any) -> None:
    monkeypatch.setattr("service.cli.client.PATIENCE_SECONDS", 0.1)
    for command in (["standings", "any"], ["watch"]):
        done = sillok(*command, url="http://127.0.0.1:1")
        assert done.exit_code == 1
        assert "Error: The service does not answer" in done.stderr
        assert "Traceback" not in done.stderr
    assert done.stderr.startswith("nothing comes (")


@pytest.mark.parametrize(("shell", "said"), [("bash", "2"), ("zsh", "2"), ("fish", "open-")])
def test_shells_complete_commands_and_decisions(shell: str, said: str) -> None:
    assert "_SILLOK_COMPLETE" in CliRunner().invoke(main, ["completion", shell]).output
    environment = {"_SILLOK_COMPLETE": f"{shell}_complete", "COMP_WORDS": "sillok decide open-", "COMP_CWORD": said}
    done = CliRunner().invoke(main, prog_name="sillok", env=environment)
    assert "open-stage" in done.stdout


def test_a_consortium_cannot_register_an_address_outside_for_a_programme_that_is_not_live(
    scored: SmallProgramme, sillok: Command
) -> None:
    """What it has, and what went there, is printed all the same."""
    programme, key = scored.programme, scored.keys["ant"]
    found = sillok("endpoints", "register", programme, "webhook", "https://hooks.example.org/", key=key)
    assert found.exit_code == 1
    assert "not live" in found.stderr
    for command in (("endpoints", "list"), ("notices", "deliveries"), ("notices", "dead"), ("notices", "evidence")):
        assert programme in sillok(*command, programme, key=key).stdout
    assert "has no endpoint" in sillok("endpoints", "pause", programme, "endpoint-0", key=key).stderr


def test_who_would_be_told_what_is_printed_before_anything_is_decided(scored: SmallProgramme, sillok: Command) -> None:
    serving = {"notice": "n", "team": "ant", "template": "hearing", "subject": "heat", "values": {"question": "why"}}
    scored.running.project()
    before = scored.running.head()
    asked = ("notices", "preview", "serve-notice", scored.programme, json.dumps(serving))
    found = sillok(*asked, key=scored.keys["owner"])
    assert re.search(r"ant .* hearing", found.stdout)
    assert "at once" in found.stdout
    assert scored.running.head() == before
