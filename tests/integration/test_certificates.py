"""Certificates: issued from the command line on what was looked at, and checked by both verifiers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.verify import EXIT_CODES
from tests.integration.api_process import ApiProcess
from tests.integration.bundles import export, log_key, verify, verify_apart
from tests.integration.conftest import Running, running_signer
from tests.integration.sealing import SignerProcess, sealer
from tests.integration.small import HEAT, PROGRAMME, SmallProgramme
from tests.integration.tampering import Database


@dataclass
class Publishing:
    """A stage whose results are published and sealed. `seal`: whatever came since."""

    api: ApiProcess
    small: SmallProgramme
    seal: Callable[[], None]

    @property
    def log_key(self) -> str:
        return log_key(self.api.running)

    def certify(self, agency: str, *options: str) -> Result:
        arguments = ["certify", self.small.programme, "heat", "--url", self.api.url, *options]
        if "--log-key" not in options:
            arguments += ["--log-key", self.log_key]
        return CliRunner().invoke(main, arguments, env={"SILLOK_KEY": self.small.keys[agency]})


def publish(api: ApiProcess, signer: SignerProcess, programme: str = PROGRAMME) -> Iterator[Publishing]:
    running = api.running
    small = SmallProgramme(running, programme=programme)
    small.score()
    small.rule()
    with sealer(running.database, signer.client) as seal:

        def sealed() -> None:
            assert seal() == "current"
            running.project()

        sealed()
        early = running.client.get("/v1/ledger/checkpoint").text.splitlines()
        small.publish()
        refused = small.submit("issue-certificate", {**HEAT, "digest": "0" * 64, "size": early[1], "root": early[2]})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/digest-differs")
        sealed()
        yield Publishing(api, small, sealed)


@pytest.fixture
def publishing(api: ApiProcess, signer: SignerProcess) -> Iterator[Publishing]:
    """In a ledger of its own."""
    yield from publish(api, signer)


@pytest.fixture(scope="module")
def shared_signer(shared: Running) -> Iterator[SignerProcess]:
    yield from running_signer(shared.settings.home)


@pytest.fixture
def sharing(
    process_of_all: ApiProcess, shared_signer: SignerProcess, request: pytest.FixtureRequest
) -> Iterator[Publishing]:
    """A programme of its own in a ledger that others share, where nothing that is sealed is changed."""
    yield from publish(process_of_all, shared_signer, f"{PROGRAMME}-{request.node.callspec.id}")


def test_publishers_certify_what_both_verifiers_then_check(publishing: Publishing, tmp_path: Path) -> None:
    running = publishing.api.running
    for number, agency in enumerate(("owner", "other"), 1):
        done = publishing.certify(agency)
        assert (done.exit_code, done.output) == (0, f"position {running.head()}: CertificateIssued\n")
        publishing.seal()
        export(running, tmp_path / "bundle", programme=PROGRAMME)
        for verifier in (verify, verify_apart):
            found = verifier(tmp_path / "bundle", publishing.log_key)
            assert found.code == 0, found.said
            assert f"certificates of them: {number}" in found.said
    again = publishing.certify("owner")
    assert (again.exit_code, "/problems/certificate-issued" in again.output) == (1, True), again.output
    said = publishing.small.read("/audit-trail", "owner")["entries"][-1]["says"]
    assert "certified that the standings of" in said["en"]
    assert "확인하였다" in said["ko"]


def test_nothing_is_certified_that_is_not_as_it_should_be(publishing: Publishing) -> None:
    """Another log's key, and standings that are shown with another digest."""
    running = publishing.api.running
    head = running.head()
    name, _id, key = publishing.log_key.split("+", 2)
    other = publishing.certify("owner", "--log-key", f"{name}+00000000+{key}")
    assert (other.exit_code, running.head()) == (2, head)
    database = Database(running.database)
    position = database.first("StageConsolidated")
    database.replace(position, "data", json.loads(bytes(database.get(position, "data")))["digest"], "0" * 64)
    lied = publishing.certify("owner")
    assert (lied.exit_code, "with the digest that was settled" in lied.output) == (1, True)
    assert running.head() == head


@pytest.mark.parametrize(
    ("field", "fault"),
    [("digest", "wrong-tally"), ("root", "forked"), ("settlement", "wrong-tally"), ("size", "forked")],
)
def test_what_was_never_so_is_no_certificate(sharing: Publishing, tmp_path: Path, field: str, fault: str) -> None:
    """Made up by who can append what they like, before it was sealed."""
    assert sharing.certify("owner").exit_code == 0
    running = sharing.api.running
    position = running.head()
    database = Database(running.database)
    said = json.loads(bytes(database.get(position, "data")))
    said[field] = {"digest": "0" * 64, "root": "A" * 43 + "="}.get(field) or said[field] - 1
    envelope = json.loads(bytes(database.get(position, "envelope")))
    asked = json.loads(envelope["command"])
    if field in asked:
        envelope["command"] = json.dumps(asked | {field: str(said[field])})
    database.set(position, data=json.dumps(said).encode(), envelope=json.dumps(envelope).encode())
    database.commit_again(position)
    sharing.seal()
    export(running, tmp_path / "bundle", programme=sharing.small.programme)
    for verifier in (verify, verify_apart):
        found = verifier(tmp_path / "bundle", sharing.log_key)
        assert found.code == EXIT_CODES[fault], found.said  # type: ignore[index]  # the table says it as a text
        assert f"{fault} at position {position}" in found.said


def test_a_running_service_is_verified_from_what_was_kept(publishing: Publishing, tmp_path: Path) -> None:
    running = publishing.api.running
    state = tmp_path / "kept.json"

    def verifying(*options: str, key: str | None = running.keys.auditor) -> Result:
        arguments = ["verify", *options, "--url", publishing.api.url, "--log-key", publishing.log_key]
        environment = {"SILLOK_KEY": key} if key else {}
        return CliRunner(env=environment).invoke(main, [*arguments, "--state", str(state)])

    first = verifying("--programme", PROGRAMME)
    assert first.exit_code == 0, first.output
    assert f"whole: {running.head()} events" in first.output
    before = json.loads(state.read_bytes())["size"]
    assert publishing.certify("owner").exit_code == 0
    publishing.seal()
    folder = str(tmp_path / "bundle")
    assert verifying(folder, "--programme", PROGRAMME).exit_code == 0
    assert json.loads(state.read_bytes())["size"] == before + 1
    assert verifying(folder, "--public", key=None).exit_code == 0
    unsaid = verifying(folder, key=None)
    assert (unsaid.exit_code, "--public" in unsaid.output) == (2, True)
    assert verifying().exit_code == 2
    state.write_text(json.dumps({**json.loads(state.read_bytes()), "size": before + 2}))
    assert verifying(folder).exit_code == EXIT_CODES["truncated"]
