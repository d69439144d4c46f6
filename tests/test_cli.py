"""The command line: every command helps, and says in one sentence what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.cli import main
from service.cli.programme_files import read_charter
from tests.playing import EVERY, HARBOUR, PROGRAMMES, REHEARSAL


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments, env={"DATABASE_URL": "", "REDIS_URL": "", **environment})
    return done.exit_code, done.output


def test_the_commands_are_there() -> None:
    assert set(main.list_commands(click.Context(main))) == {
        "up",
        "migrate",
        "play",
        "decide",
        "standings",
        "grants",
        "teams",
        "diff",
        "what-if",
        "sensitivity",
        "explain",
        "events",
        "charter",
        "disclosure",
        "export-view",
        "import",
        "import-template",
        "projections",
        "reactions",
        "sealing",
        "witness",
        "export",
        "verify",
        "prove",
        "replay",
        "signatures",
        "signing-key",
        "keys",
        "clients",
        "people",
        "secrets",
        "notices",
        "endpoints",
        *("login", "logout", "propose", "approve", "reject", "certify", "watch", "completion"),
    }


@pytest.mark.parametrize(("path", "command"), list(commands(main)), ids=str)
def test_every_command_and_option_has_help(path: tuple[str, ...], command: click.Command) -> None:
    status, said = run(*path, "--help")
    assert status == 0
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.opts[0] in said


def test_commands_for_agencies_have_an_example_and_json() -> None:
    for name in ("login", "decide", "propose", "approve", "reject", "import", "watch", "export", "export-view"):
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert "Example:" in (command.help or ""), name
        one = command.get_command(click.Context(command), "open-stage") if isinstance(command, click.Group) else command
        assert one is not None
        assert "--json" in {option for each in one.params for option in each.opts}, name


@pytest.mark.parametrize("programme", EVERY)
def test_a_sound_charter_is_said_to_be_one(programme: str) -> None:
    status, said = run("charter", "check", str(PROGRAMMES / programme / "charter.yaml"))
    assert status == 0
    assert f"a sound charter of {programme}" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('seats: "5"', 'seats: "1"'), "/stages/0/eliminate"),
        (('seats: "5"', 'seats: "5"\nseats: "6"'), "stands twice"),
        (("owner: msit", "owner: &who msit\nrecorder: *who"), "aliases"),
        (("owner: msit", "owner: [msit"), "charter.yaml"),
        (("owner: msit", "owner: nobody"), "/owner: 'nobody' is no agency"),
        (('maximum: "40"', 'maximum: "41"'), "add up to"),
        (('precision: "1"', 'precision: ""'), "/stages/0/precision"),
        (('minimum: "24.0"', 'minimum: "1/0"'), "/stages/0/gates/0/minimum"),
        (("owner: msit", "[owner]: msit"), "line 11, column 1: a key is a text"),
        (("owner: msit", "owner: " + "[" * 20_000), "nested more than 50 levels deep"),
        (("owner: msit", "owner: " + "{a: " * 20_000), "nested more than 50 levels deep"),
        (("owner: msit", "owner:\n  " + "- " * 20_000), "nested more than 50 levels deep"),
        (("owner: msit", r'owner: "\ud800"'), "line 11, column 8: half of a surrogate pair"),
        (("owner: msit", r'owner: "\U00110000"'), "charter.yaml"),
        (("owner: msit", r'owner: "\UFFFFFFFF"'), "charter.yaml"),
    ],
)
def test_a_faulty_charter_is_said_to_be_so_by_place(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    file = tmp_path / "charter.yaml"
    text = (PROGRAMMES / REHEARSAL / "charter.yaml").read_text()
    assert change[0] in text
    file.write_text(text.replace(*change))
    status, said = run("charter", "check", str(file))
    assert status == 1
    assert says in said
    assert "Traceback" not in said


def test_charters_are_compared_in_words(tmp_path: Path) -> None:
    before = PROGRAMMES / REHEARSAL / "charter.yaml"
    after = tmp_path / "charter.yaml"
    after.write_text(before.read_text().replace('minimum: "24.0"', 'minimum: "25.0"'))
    assert run("charter", "diff", str(before), str(after)) == (
        0,
        "stage stage-1, gate benchmark-threshold: minimum 24.0 → 25.0\n",
    )
    assert run("charter", "diff", str(before), str(before)) == (0, "the two charters say the same\n")
    after.write_text(before.read_text().replace("owner: msit", "owner: nobody"))
    status, said = run("charter", "diff", str(before), str(after))
    assert status == 1
    assert "charter check" in said


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.text(alphabet='[]{}:-?,"&*!|>#%@\\ax \n'))
def test_any_file_is_a_charter_or_has_faults(tmp_path: Path, text: str) -> None:
    file = tmp_path / "charter.yaml"
    file.write_bytes(text.encode())
    status, said = run("charter", "check", str(file))
    assert status == 1
    assert "charter.yaml" in said


def test_a_file_that_is_not_there_is_said() -> None:
    status, said = run("charter", "check", "/nowhere.yaml")
    assert status == 1
    assert "/nowhere.yaml: No such file" in said


def test_without_a_database_migrate_says_what_to_set() -> None:
    status, said = run("migrate")
    assert status == 1
    assert "DATABASE_URL" in said


def test_migrating_twice_applies_nothing_the_second_time(database: str) -> None:
    parts = dict(part.split("=", 1) for part in database.split(" "))
    url = f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"
    assert run("migrate", DATABASE_URL=url) == (0, "nothing to apply\n")


def test_a_service_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.cli.client.PATIENCE_SECONDS", 0.5)
    for command in (["standings", "p"], ["events"], ["decide", "open-stage", "p", "{}"]):
        status, said = run(*command, "--url", "http://127.0.0.1:9")
        assert status == 1
        assert "is `sillok up` running?" in said


def test_numbers_in_yaml_stay_as_written() -> None:
    """Every scalar is a string: 1.10 does not become 1.1, nor `no` a falsehood."""

    document = read_charter(PROGRAMMES / HARBOUR / "charter.yaml")
    conditions = [each for one in document["independence"]["perspectives"] for each in one["conditions"]]
    assert [each["mandatory"] for each in conditions] == ["yes", "yes", "yes", "no"]
    assert document["seats"] == "6"
