"""Signed decisions through the API, on the command line, and checked again from the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from service.cli import main
from service.client.signing import SigningKey
from tests.domain import charters
from tests.integration.conftest import Running, as_url
from tests.integration.small import PROGRAMME, SmallProgramme

KEY = SigningKey.make("owner-1")
AUDITED = (
    "{signed} of {decisions} decisions are signed, every one as it should be.\n"
    "Events were held against their commands, and these against the charter; what else the rules say: sillok prove.\n"
)
TEAM = {"team": "dog", "name": charters.names("dog")}


@pytest.fixture
def small(running: Running) -> SmallProgramme:
    """`owner` has registered a key and signs what it enrols."""
    small = SmallProgramme(running, signed=["change-consortium", "register-key"], seats="9")
    assert send(small, "register-key", {"agency": "owner", "key": KEY.kid, "jwk": KEY.public}).status_code == 201
    return small


def send(
    small: SmallProgramme,
    decision: str,
    body: Any,
    *,
    key: SigningKey | None = KEY,
    by: str = "owner",
    request: str | None = None,
    path: str | None = None,
    **made: Any,
) -> httpx.Response:
    content = msgspec.json.encode(body)
    name = request or f"{decision}-1"
    signed: dict[str, Any] = {"command": content, "programme": PROGRAMME, "decision": decision, "request": name, **made}
    headers = {
        "Authorization": f"Bearer {small.keys[by]}",
        "Idempotency-Key": name,
        "Content-Type": "application/json",
        **({} if key is None else {"JWS-Signature": key.sign(**signed)}),
    }
    return small.client.post(
        path or f"/v1/programmes/{PROGRAMME}/decisions/{decision}", content=content, headers=headers
    )


def changing(member: str = "Lab") -> dict[str, Any]:
    return {"team": "ant", "joined": [member], "effective": "2026-01-01"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def audit(small: SmallProgramme, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setenv("DATABASE_URL", as_url(small.running.database))
    done = CliRunner().invoke(main, ["signatures"])
    return done.exit_code, done.output


def test_what_the_charter_wants_signed_is_recorded_only_with_a_right_signature(small: SmallProgramme) -> None:
    head = small.running.head()
    unsigned = send(small, "change-consortium", changing(), key=None)
    assert problem(unsigned) == (403, "signature-required")
    forged = send(small, "change-consortium", changing(), key=SigningKey.make(KEY.kid))
    assert problem(forged) == (403, "signature-mismatch")
    other = send(small, "change-consortium", changing(), request="r", path=None, command=b"{}")
    assert problem(other) == (403, "signature-mismatch")
    assert small.running.head() == head
    assert send(small, "change-consortium", changing()).status_code == 201
    small.running.project()
    trail = small.client.get(f"/v1/programmes/{PROGRAMME}/audit-trail").json()["entries"]
    assert [each.get("signed_by") for each in trail if each["type"] == "ConsortiumChanged"] == [KEY.kid]
    assert "signed_by" not in trail[0]
    again = send(small, "change-consortium", changing())
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")


def test_a_signature_is_checked_wherever_it_comes(small: SmallProgramme) -> None:
    """Also where the charter asks for none: what stands in the ledger is right."""
    answer = send(small, "enrol-team", TEAM, programme="another")
    assert problem(answer) == (403, "signature-mismatch")
    assert send(small, "enrol-team", TEAM).status_code == 201


def test_what_was_recorded_unsigned_is_not_signed_afterwards(small: SmallProgramme) -> None:
    """Nobody is told so: the signature is part of the request."""
    assert send(small, "enrol-team", TEAM, key=None).status_code == 201
    assert problem(send(small, "enrol-team", TEAM)) == (422, "idempotency-key-reused")
    assert send(small, "enrol-team", TEAM, key=None).headers["Idempotency-Replayed"] == "true"


def test_a_second_key_is_previewed_as_though_the_first_vouched_for_it(small: SmallProgramme) -> None:
    small.running.project()
    second = SigningKey.make("owner-2")
    path = f"/v1/programmes/{PROGRAMME}/decisions/register-key/preview"
    body = {"agency": "owner", "key": second.kid, "jwk": second.public}
    assert send(small, "register-key", body, key=None, path=path).status_code == 200
    assert problem(send(small, "register-key", body, key=None, request="unsigned")) == (403, "signature-required")


@pytest.mark.parametrize("text", ["nonsense", "e30.." + "A" * 86, "a" * 20_000, "none"])
def test_a_misshapen_signature_is_a_clear_refusal(small: SmallProgramme, text: str) -> None:
    headers = small.running.as_agency("msit") | {
        "Authorization": f"Bearer {small.keys['owner']}",
        "JWS-Signature": text,
    }
    answer = small.client.post(f"/v1/programmes/{PROGRAMME}/decisions/enrol-team", json=TEAM, headers=headers)
    assert problem(answer) == (422, "signature-malformed")
    assert "JWS-Signature" in answer.json()["detail"]


def test_keys_vouch_for_each_other_and_end_by_revocation(small: SmallProgramme) -> None:
    new = SigningKey.make("owner-2")
    body = {"agency": "owner", "key": "owner-2", "jwk": new.public}
    assert problem(send(small, "register-key", body, key=new, request="r-2")) == (403, "key-not-vouched-for")
    assert send(small, "register-key", body, request="r-3").status_code == 201
    revoked = {"agency": "owner", "key": KEY.kid, "reason": "its time is over"}
    assert send(small, "revoke-key", revoked).status_code == 201
    assert problem(send(small, "change-consortium", changing(), request="c-2")) == (409, "key-revoked")
    assert send(small, "change-consortium", changing(), key=new, request="c-3").status_code == 201


@pytest.mark.parametrize("made", ["revoked", "unknown", "held back", "forged"])
def test_every_signature_that_is_refused_leaves_a_line_for_the_operator(small: SmallProgramme, made: str) -> None:
    new = SigningKey.make("owner-2")
    keys = {"revoked": KEY, "unknown": SigningKey.make("unknown"), "forged": SigningKey.make("owner-2")}
    assert (
        send(
            small, "register-key", {"agency": "owner", "key": "owner-2", "jwk": new.public}, request="second"
        ).status_code
        == 201
    )
    revoked = {"agency": "owner", "key": KEY.kid, "reason": "its time is over"}
    assert send(small, "revoke-key", revoked).status_code == 201
    at: dict[str, Any] = {"made_at": datetime.now(UTC) - timedelta(days=2)} if made == "held back" else {}
    with capture_logs() as lines:
        answer = send(small, "change-consortium", changing(), key=keys.get(made, new), **at)
    assert answer.status_code in (403, 409)
    assert [each["problem"] for each in lines if each.get("logger") == "sillok.audit"] == [problem(answer)[1]]


def test_who_approves_signs_the_proposal_and_the_commands_hash(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = charters.document()["countersignatures"]
    countersignatures = [*usual, {"decisions": ["change-consortium"], "agencies": ["other"]}]
    small = SmallProgramme(running, signed=["change-consortium"], countersignatures=countersignatures)
    theirs = SigningKey.make("other-1")
    for agency, key in (("owner", KEY), ("other", theirs)):
        body = {"agency": agency, "key": key.kid, "jwk": key.public}
        assert send(small, "register-key", body, key=key, by=agency).status_code == 201
    proposed = send(small, "change-consortium", changing())
    assert proposed.status_code == 202
    found = proposed.json()
    approval = {"command_hash": found["command_hash"]}
    path = f"/v1/proposals/{found['proposal']}/approval"
    unsigned = send(small, "approve", approval, key=None, by="other", path=path)
    assert problem(unsigned) == (403, "signature-required")
    whole = msgspec.json.encode({**approval, "proposal": found["proposal"]}, order="deterministic")
    wrong = send(small, "approve", approval, key=theirs, by="other", path=path)
    assert problem(wrong) == (403, "signature-mismatch")
    assert send(small, "approve", approval, key=theirs, by="other", path=path, command=whole).status_code == 201
    assert audit(small, monkeypatch) == (0, AUDITED.format(signed=4, decisions=8))


def test_whoever_holds_only_credentials_of_an_agency_cannot_be_rid_of_its_signatures(
    small: SmallProgramme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator can issue a key of any agency; it revokes no signing key, vouches for none and amends nothing."""
    small.keys["owner"] = small.running.issue("agency", "owner")
    theirs = SigningKey.make("theirs")
    head = small.running.head()
    revoked = {"agency": "owner", "key": KEY.kid, "reason": "lost"}
    registered = {"agency": "owner", "key": "theirs", "jwk": theirs.public}
    amended = {"charter": charters.document(seats="9")}
    for decision, body, key, refused in (
        ("revoke-key", revoked, None, "signature-required"),
        ("register-key", registered, theirs, "key-not-vouched-for"),
        ("amend-charter", amended, None, "signature-required"),
        ("amend-charter", amended, theirs, "key-unknown"),
    ):
        assert problem(send(small, decision, body, key=key, request=f"{decision}-{refused}"))[1] == refused
    assert small.running.head() == head
    assert audit(small, monkeypatch)[0] == 0


def test_a_team_signs_what_it_decides_and_nobody_decides_in_its_name(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SmallProgramme(running, signed=["withdraw-team"])
    theirs = SigningKey.make("ants")
    body = {"agency": "ant", "key": theirs.kid, "jwk": theirs.public}
    assert send(small, "register-key", body, key=theirs, by="ant").status_code == 201
    withdrawal = {"team": "ant", "reason": charters.names("why")}
    small.keys["forged"] = running.issue("consortium", "ant")
    unsigned = send(small, "withdraw-team", withdrawal, key=None, by="forged")
    assert problem(unsigned) == (403, "signature-required")
    another = send(small, "register-key", {**body, "key": KEY.kid, "jwk": KEY.public}, by="forged", request="another")
    assert problem(another) == (403, "key-not-vouched-for")
    assert send(small, "withdraw-team", withdrawal, key=theirs, by="ant").status_code == 201
    assert audit(small, monkeypatch) == (0, AUDITED.format(signed=2, decisions=6))


def test_what_the_operator_alters_afterwards_is_found(small: SmallProgramme, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(small, "change-consortium", changing()).status_code == 201
    position = small.running.head()
    code, said = audit(small, monkeypatch)
    assert code == 0, said
    with psycopg.connect(small.running.database) as connection:
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER ALL")
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE ledger.event"
            " SET envelope = convert_to(replace(convert_from(envelope, 'UTF8'), 'Lab', 'Bad'), 'UTF8')"
            " WHERE position = %s",
            (position,),
        )
    code, said = audit(small, monkeypatch)
    assert code == 1
    assert f"position {position}: JWS-Signature: not that of key owner-1 over this command" in said


def test_the_command_line_makes_a_key_and_shows_its_public_part_only(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    made = CliRunner().invoke(main, ["signing-key", str(file), "--id", "mine", "--agency", "owner"])
    assert made.exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert msgspec.json.decode(made.output)["jwk"]["x"] == SigningKey.read(file).public.x
    assert "d" not in msgspec.json.decode(made.output)["jwk"]
    again = CliRunner().invoke(main, ["signing-key", str(file), "--id", "mine", "--agency", "owner"])
    assert again.exit_code == 1
    file.write_text("{}")
    broken = CliRunner().invoke(main, ["decide", "enrol-team", PROGRAMME, "{}", "--sign", str(file)])
    assert (broken.exit_code, "holds no private Ed25519 JWK" in broken.output) == (1, True)


def together(small: SmallProgramme, *lines: tuple[Any, str]) -> httpx.Response:
    """Changes of a consortium, each with the name that its signature has for it."""
    content = b""
    for body, name in lines:
        command = msgspec.json.encode(body)
        signature = KEY.sign(command, programme=PROGRAMME, decision="change-consortium", request=name)
        line = {"decision": "change-consortium", "body": msgspec.Raw(command), "signature": signature}
        content += msgspec.json.encode(line) + b"\n"
    headers = {
        "Authorization": f"Bearer {small.keys['owner']}",
        "Idempotency-Key": "batch",
        "Content-Type": "application/x-ndjson",
    }
    path = f"/v1/programmes/{PROGRAMME}/decisions?atomic=true"
    return small.client.post(path, content=content, headers=headers)


def test_each_line_of_decisions_together_has_a_signature_of_its_own(small: SmallProgramme) -> None:
    joined, left = changing("Lab A"), {"team": "ant", "left": ["Lab A"], "effective": "2026-02-01"}
    head = small.running.head()
    replayed = together(small, (joined, "batch 1"), (left, "batch 2"), (joined, "batch 1"))
    assert problem(replayed) == (409, "batch-refused")
    assert replayed.json()["detail"].startswith("line 3")
    assert problem(together(small, (joined, "batch"))) == (409, "batch-refused")
    assert small.running.head() == head
    assert together(small, (joined, "batch 1"), (left, "batch 2")).status_code == 201
    environment = {"DATABASE_URL": as_url(small.running.database)}
    assert CliRunner().invoke(main, ["signatures"], env=environment).exit_code == 0
