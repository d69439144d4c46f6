"""Certificates: issued from the command line on what was looked at, and checked by both verifiers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.verify import EXIT_CODES
from tests.domain import charters
from tests.integration.api_process import ApiProcess
from tests.integration.browsing import signed_in
from tests.integration.bundles import export, log_key, verify, verify_apart
from tests.integration.conftest import Running
from tests.integration.sealing import SignerProcess, sealer
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme
from tests.integration.tampering import Database, seal_anew


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
        arguments = ["certify", PROGRAMME, "heat", "--url", self.api.url, *options]
        if "--log-key" not in options:
            arguments += ["--log-key", self.log_key]
        return CliRunner().invoke(main, arguments, env={"SILLOK_KEY": self.small.keys[agency]})


@pytest.fixture
def publishing(running: Running, api: ApiProcess, signer: SignerProcess) -> Iterator[Publishing]:
    small = SmallProgramme(running)
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
def test_what_was_never_so_is_no_certificate(publishing: Publishing, tmp_path: Path, field: str, fault: str) -> None:
    """Made up by who can append what they like, before it was sealed."""
    assert publishing.certify("owner").exit_code == 0
    running = publishing.api.running
    position = running.head()
    database = Database(running.database)
    said = json.loads(bytes(database.get(position, "data")))
    said[field] = {"digest": "0" * 64, "root": "A" * 43 + "="}.get(field) or said[field] - 1
    database.set(position, data=json.dumps(said, separators=(",", ":")).encode())
    database.commit_again(position)
    publishing.seal()
    export(running, tmp_path / "bundle", programme=PROGRAMME)
    for verifier in (verify, verify_apart):
        found = verifier(tmp_path / "bundle", publishing.log_key)
        assert found.code == EXIT_CODES[fault], found.said  # type: ignore[index]  # the table says it as a text
        assert f"{fault} at position {position}" in found.said


def test_one_person_does_not_publish_for_two_agencies(running: Running, tmp_path: Path) -> None:
    """Nor in a record that was made up so before it was sealed."""
    small = SmallProgramme(running)
    small.score()
    small.rule()
    small.publish()
    database = Database(running.database)
    places = [database.first(each) for each in ("ResultsPublished", "ReleaseAgreed")]
    principals = [json.loads(bytes(database.get(at, "envelope")))["actor"]["principal"] for at in places]
    database.replace(places[0], "envelope", *principals)
    database.commit_again(places[0])
    seal_anew(running, tmp_path)
    running.project()
    export(running, tmp_path / "bundle", programme=PROGRAMME)
    for verifier in (verify, verify_apart):
        found = verifier(tmp_path / "bundle", log_key(running))
        assert found.code == EXIT_CODES["bad-signature"], found.said
        assert f"bad-signature at position {places[0]}" in found.said


def test_who_agreed_before_the_results_changed_may_publish_them_for_another(running: Running, tmp_path: Path) -> None:
    """And whoever approves the publication of several agencies publishes for none."""
    small = SmallProgramme(
        running,
        countersignatures=[
            *charters.document()["countersignatures"],
            {"decisions": ["publish-results"], "agencies": ["clerk"]},
        ],
    )
    small.keys["clerk"] = running.issue("agency", "clerk")
    small.score()
    small.rule()
    person = signed_in(running, "agency:owner", "agency:other")

    def propose(agency: str) -> dict[str, str]:
        answer = person.page(
            "POST",
            f"/v1/programmes/{PROGRAMME}/decisions/publish-results",
            json={**HEAT, "publishers": ["owner", "other"]},
            headers={"Sillok-Acting-For": f"agency:{agency}", "Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code == 202, answer.text
        found: dict[str, str] = answer.json()
        return found

    assert small.approve(propose("owner"), by="clerk").status_code == 201
    small.accepted("reopen-scoring", {**HEAT, "reason": WHY})
    small.accepted("close-scoring", HEAT)
    small.accepted("reconsolidate-stage", {**HEAT, "reason": WHY})
    assert small.approve(propose("other"), by="clerk").status_code == 201
    last = small.propose("publish-results", {**HEAT, "publishers": ["owner", "other"]})
    assert small.approve(last, by="clerk").json()["events"][-1]["type"] == "ResultsPublished"
    seal_anew(running, tmp_path)
    running.project()
    export(running, tmp_path / "bundle", programme=PROGRAMME)
    for verifier in (verify, verify_apart):
        found = verifier(tmp_path / "bundle", log_key(running))
        assert found.code == 0, found.said


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
