"""Whoever has superuser rights on the database, or a bundle in hands, is found by both verifiers, and named rightly."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain import base64url
from domain.charter_document import canonical
from domain.merkle import inclusion_proof, leaf_hash
from domain.receipt import receipt
from service.client.signing import SigningKey
from service.storage.identifiers import uuid7
from service.verify.faults import EXIT_CODES, FaultClass
from service.verify.record import root_of
from tests.integration.bundles import export, log_key, verify, verify_apart, verify_beside
from tests.integration.conftest import Running, run_service
from tests.integration.forging import Signer, read_lines, says
from tests.integration.mutations import in_json, mutations
from tests.integration.sealing import SignerProcess, sealer
from tests.integration.small import HEAT, PROGRAMME
from tests.integration.tampering import (
    KEY,
    Database,
    Original,
    copied,
    seal_anew,
    serving,
    signer_of,
    small_ledger,
)

_numbers = itertools.count(1)
Lines = list[dict[str, Any]]
Tamper = Callable[[Database], int]
"""Does it; the first bad position."""


@pytest.fixture(scope="module")
def original(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    """Sealed in two checkpoints."""
    yield from make(server, template, tmp_path_factory.mktemp("sealed"), sealed=True)


@pytest.fixture(scope="module")
def unsealed(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    """The same, of which nothing was sealed yet."""
    yield from make(server, template, tmp_path_factory.mktemp("unsealed"), sealed=False)


def make(server: str, template: str, home: Path, *, sealed: bool) -> Iterator[Original]:
    name = f"{template}_{home.name}"
    database = copied(Original(server, template, home), name)
    signer = SignerProcess(home)
    assert signer.start() == ""
    for running in run_service(database, home):
        with sealer(database, signer.client) as seal:
            early = small_ledger(running, partial(seal_and_export, running, seal, home / "early", sealed=sealed))
            seal_and_export(running, seal, home / "bundle", sealed=sealed)
        if sealed:
            (home / "key").write_text(log_key(running))
    signer.kill()
    yield Original(server, name, home, early)


def seal_and_export(running: Running, seal: Callable[[], str], folder: Path, *, sealed: bool) -> None:
    running.project()
    if sealed:
        assert seal() == "current"
        export(running, folder, programme=PROGRAMME)


def name_of(original: Original) -> str:
    return f"{original.name}_{next(_numbers)}"


def found(folder: Path, key: str, fault: FaultClass, position: int, *options: str) -> None:
    """Both verifiers say so."""
    said_by_both(folder, key, fault, position, *options, verifiers=(verify, verify_apart))


def said_by_both(
    folder: Path, key: str, fault: FaultClass, position: int, *options: str, verifiers: Any = (verify, verify_beside)
) -> None:
    place = f" at position {position}" if position else ""
    for verifier in verifiers:
        said = verifier(folder, key, *options)
        assert (said.code, said.said.partition(":")[0]) == (EXIT_CODES[fault], f"{fault}{place}"), said


def right(folder: Path, key: str, *options: str) -> None:
    for verifier in (verify, verify_apart):
        said = verifier(folder, key, *options)
        assert said.code == 0, said


def test_what_nobody_touched_is_right(original: Original, tmp_path: Path) -> None:
    """Also in the database: both begin with the same."""
    key = (original.home / "key").read_text()
    right(original.home / "bundle", key)
    with serving(original, name_of(original)) as running:
        export(running, tmp_path / "bundle", programme=PROGRAMME)
        right(tmp_path / "bundle", key)


# In the database


@pytest.fixture(scope="module")
def shared(original: Original) -> Iterator[Running]:
    """One copy for all that leaves no trace but in the ledger's rows."""
    with serving(original, name_of(original)) as running:
        Database(running.database).do("CREATE TABLE public.saved AS SELECT * FROM ledger.event")
        yield running


@pytest.fixture
def restored(shared: Running) -> Iterator[Running]:
    yield shared
    Database(shared.database).do(
        "DELETE FROM ledger.event", "INSERT INTO ledger.event SELECT * FROM public.saved ORDER BY position"
    )


def editing(column: str, value: Any, type_: str = "ScoreSubmitted") -> Tamper:
    def tamper(database: Database) -> int:
        position = database.first(type_)
        database.set(position, **{column: value})
        return position

    return tamper


def replacing(column: str, old: str, new: str, type_: str = "ScoreSubmitted") -> Tamper:
    def tamper(database: Database) -> int:
        position = database.first(type_)
        database.replace(position, column, old, new)
        return position

    return tamper


def with_its_entry(tamper: Tamper) -> Tamper:
    """And the entry is made to fit."""

    def and_entry(database: Database) -> int:
        position = tamper(database)
        database.commit_again(position)
        return position

    return and_entry


def moved_elsewhere(database: Database) -> int:
    position = database.first("ScoreSubmitted")
    database.set(position, programme="elsewhere", tags=["programme:elsewhere"])
    return position


SCORE = replacing("data", '"points":"9"', '"points":"8"')
EDITS: dict[str, Tamper] = {
    "programme": moved_elsewhere,
    "type": editing("type", "ScoreCorrected"),
    "version": editing("version", 1),
    "recorded_at": editing("recorded_at", "2026-01-01T00:00:00Z"),
    "recorded_at after all time": editing("recorded_at", "infinity"),
    "recorded_at before all time": editing("recorded_at", "0044-03-15 BC"),
    "event_id": editing("event_id", "01936f2e-0000-7000-8000-000000000001"),
    "tags": editing("tags", ["programme:programme"]),
    "salt": editing("salt", b"0" * 16),
    "entry": editing("entry", b"\x01"),
    "data": SCORE,
    "data and entry": with_its_entry(SCORE),
    "actor": replacing("envelope", '"agency":"owner"', '"agency":"other"'),
    "principal": replacing("envelope", '"principal":"', '"principal":"x'),
    "command": replacing("envelope", '\\"points\\"', '\\"Points\\"'),
    "command type": replacing("envelope", '"submit-score"', '"correct-score"'),
    "boundary": replacing("envelope", '"after":', '"after":1'),
    "decided_at": replacing("envelope", '"decided_at":"20', '"decided_at":"19'),
    "effective_at": replacing("envelope", '"effective_at":null', '"effective_at":"x"'),
    "attribution": replacing("envelope", '"decided"', '"reported"'),
    "decision": replacing("envelope", '"decision_id":"', '"decision_id":"x'),
    "rules": replacing("envelope", '"rules_hash":"', '"rules_hash":"x'),
    "decider": replacing("envelope", '"decider":"', '"decider":"x'),
    "data set": replacing("envelope", '"rehearsal"', '"live"'),
    "charter": replacing("data", "half-up", "half-down", "CharterPublished"),
    "charter and entry": with_its_entry(replacing("data", "half-up", "half-down", "CharterPublished")),
    "a signature is forged": with_its_entry(
        replacing("envelope", '"signature":"ey', '"signature":"eY', "ConsortiumChanged")
    ),
}


def deleted(database: Database) -> int:
    position = database.first("ScoreSubmitted")
    database.delete(position)
    return position


def closed_up(database: Database) -> int:
    """Those that follow take the places before theirs."""
    position, size = deleted(database), database.size + 1
    for at in range(position + 1, size + 1):
        database.move(at, at - 1)
    database.commit_again(*range(position, size))
    return position


def swapped(database: Database) -> int:
    position = database.first("ScoreSubmitted")
    for old, new in ((position, 9_000), (position + 1, position), (9_000, position + 1)):
        database.move(old, new)
    database.commit_again(position, position + 1)
    return position


def data_swapped(database: Database) -> int:
    position = database.first("ScoreSubmitted")
    one, two = (database.get(at, "data") for at in (position, position + 7))
    assert one != two
    database.set(position, data=two)
    database.set(position + 7, data=one)
    return position


def inserted(database: Database) -> int:
    position = database.first("ScoreSubmitted")
    size = database.size
    for at in range(size, position - 1, -1):
        database.move(at, at + 1)
    database.copy(position + 1, position)
    database.commit_again(*range(position, size + 2))
    return position


def truncated(database: Database) -> int:
    position = database.first("TeamAdvanced")
    database.do("DELETE FROM ledger.event WHERE position >= %(at)s", values={"at": position})
    return position


STRUCTURE: dict[str, tuple[Tamper, FaultClass]] = {
    "deleted": (deleted, "removed"),
    "deleted and closed up": (closed_up, "removed"),
    "swapped": (swapped, "reordered"),
    "data swapped": (data_swapped, "edited"),
    "inserted": (inserted, "inserted"),
    "truncated": (truncated, "truncated"),
}


@pytest.mark.parametrize("what", [*EDITS, *STRUCTURE])
def test_a_ledger_that_was_tampered_with(original: Original, restored: Running, tmp_path: Path, what: str) -> None:
    tamper, fault = STRUCTURE[what] if what in STRUCTURE else (EDITS[what], "edited")
    position = tamper(Database(restored.database))
    export(restored, tmp_path / "bundle", programme=PROGRAMME)
    found(tmp_path / "bundle", (original.home / "key").read_text(), fault, position)


def test_a_tree_that_was_rewritten(original: Original, tmp_path: Path) -> None:
    """Entries and tiles fit what was edited, but not what was signed. An earlier bundle says from where on."""
    key = (original.home / "key").read_text()
    with serving(original, name_of(original)) as running:
        earlier = Path(shutil.copytree(original.home / "early", tmp_path / "earlier"))
        database = Database(running.database)
        with_its_entry(replacing("data", '"verdict":"met"', '"verdict":"not_met"', "IndependenceRuled"))(database)
        database.rewrite_tree()
        for folder in (tmp_path / "bundle", earlier):
            export(running, folder, programme=PROGRAMME)
    found(tmp_path / "bundle", key, "forked", 1)
    found(earlier, key, "forked", original.early + 1)


def test_a_projection_that_was_altered(original: Original, tmp_path: Path) -> None:
    with serving(original, name_of(original)) as running:
        database = Database(running.database)
        changed = (
            "UPDATE views.row SET value = convert_to(replace(convert_from(value, 'UTF8'), %(old)s, %(new)s), 'UTF8')"
        )
        for old, new in (('"exact":"25', '"exact":"26'), ('"low":"25', '"low":"26'), ('"high":"25', '"high":"26')):
            database.do(changed + " WHERE key = 'standings/heat'", values={"old": old, "new": new})
        export(running, tmp_path / "bundle", programme=PROGRAMME)
        head = running.head()
    found(tmp_path / "bundle", (original.home / "key").read_text(), "wrong-tally", head)


def test_an_old_backup_and_what_was_recorded_after_it(original: Original, tmp_path: Path) -> None:
    """Against what the auditor kept; and for who kept nothing, there is nothing to be found."""
    key, state = (original.home / "key").read_text(), tmp_path / "state"
    right(original.home / "bundle", key, "--state", str(state))
    kept = json.loads(state.read_bytes())
    with serving(original, name_of(original)) as running:
        database, early = Database(running.database), original.early
        for statement in (
            f"DELETE FROM ledger.event WHERE position > {early}",
            f"DELETE FROM ledger.event_id WHERE position > {early}",
            f"DELETE FROM ledger.boundary_index WHERE position > {early}",
            f"UPDATE ledger.head SET position = {early}",
            f"DELETE FROM seal.checkpoint WHERE size > {early}",
            "DELETE FROM views.row",
            "DELETE FROM views.build",
        ):
            database.do(statement)
        running.project()
        export(running, tmp_path / "bundle", programme=PROGRAMME)
        found(tmp_path / "bundle", key, "truncated", early + 1, "--state", str(state))
        right(tmp_path / "bundle", key)
    assert json.loads(state.read_bytes()) == kept


def test_a_log_that_was_forked_for_one_auditor(original: Original, tmp_path: Path) -> None:
    """By whoever has the log's key: each fork is right by itself, and whoever saw one is not shown the other."""
    key = (original.home / "key").read_text()
    bundles = []
    for number in (1, 2):
        home = tmp_path / str(number)
        with serving(original, name_of(original)) as running:
            evidence = {**HEAT, "team": "ant", "kind": "report", "sha256": f"{number + 100:064x}", "title": "T"}
            running.keys.agencies["owner"] = running.issue("agency", "owner")
            answer = running.submit("elsewhere", "register-evidence", evidence, agency="owner")
            assert answer.status_code == 201, answer.text
            seal_anew(running, signer_of(original, home))
            running.project()
            export(running, home / "bundle", programme=PROGRAMME)
        bundles.append(home / "bundle")
    state = tmp_path / "state"
    for each in bundles:
        right(each, key)
    right(bundles[0], key, "--state", str(state))
    found(bundles[1], key, "forked", 0, "--state", str(state))


# Before it is sealed, by whoever can append what they like: the entries are right, and so is the tree


def settled_otherwise(database: Database) -> int:
    position = database.first("StageConsolidated")
    digest = json.loads(bytes(database.get(position, "data")))["digest"]
    database.replace(position, "data", digest, "0" * 64)
    return position


def measured_otherwise(database: Database) -> int:
    """And so it was sent; the standings that were settled are not those of the measurements any more."""
    position = database.first("MeasurementRecorded")
    database.replace(position, "envelope", r"\"value\":\"80\"", r"\"value\":\"70\"")
    database.replace(position, "data", '"value":"80"', '"value":"70"')
    database.commit_again(position)
    return database.first("StageConsolidated")


def approved_otherwise(database: Database) -> int:
    position = database.first("DecisionApproved")
    named = json.loads(bytes(database.get(position, "data")))["command_hash"]
    database.replace(position, "data", named, "0" * 64)
    return position


def signed_by_another(database: Database) -> int:
    """The operator's own key, under the agency's name."""
    position = database.first("ConsortiumChanged")
    envelope = json.loads(bytes(database.get(position, "envelope")))
    header = json.loads(base64url.read(envelope["signature"].partition(".")[0]))
    forged = SigningKey.make(KEY.kid).sign(
        envelope["command"].encode(), programme=PROGRAMME, decision="change-consortium", request=header["jti"]
    )
    database.replace(position, "envelope", envelope["signature"], forged)
    return position


def held_back(database: Database) -> int:
    """What was signed and decided is recorded two hours later, as is all that follows it."""
    position = database.first("ConsortiumChanged")
    for at in range(position, database.size + 1):
        database.set(at, recorded_at=database.get(at, "recorded_at") + timedelta(hours=2))
        database.commit_again(at)
    return position


def stripped(database: Database) -> int:
    position = database.first("ConsortiumChanged")
    signature = json.loads(bytes(database.get(position, "envelope")))["signature"]
    database.replace(position, "envelope", f'"{signature}"', "null")
    return position


def in_its_place(type_: str, version: int, event: Any, decision: str, key: SigningKey) -> Tamper:
    """Another decision of the owner's, in the place of the one that it signed. Its command is what its event says."""

    def tamper(database: Database) -> int:
        position = database.first("ConsortiumChanged")
        envelope = json.loads(bytes(database.get(position, "envelope")))
        command = json.dumps({name: value for name, value in event.items() if name != "party"})
        made_at = datetime.fromisoformat(envelope["decided_at"])
        signature = key.sign(
            command.encode(), programme=PROGRAMME, decision=decision, request="forged", made_at=made_at
        )
        envelope |= {"command": command, "command_type": decision, "signature": signature}
        content = {"envelope": json.dumps(envelope).encode(), "data": json.dumps(event).encode()}
        database.set(position, type=type_, version=version, **content)
        return position

    return tamper


EVIL = SigningKey.make("evil")
EVILS = {"agency": "owner", "key": EVIL.kid, "jwk": msgspec.to_builtins(EVIL.public), "party": "agency"}
REVOKED = {"agency": "owner", "key": KEY.kid, "reason": "lost"}


def registered_otherwise(database: Database) -> int:
    """The operator's key under the id of the one that the agency registered."""
    position = database.first("KeyRegistered")
    database.replace(position, "data", KEY.public.x, EVIL.public.x)
    return position


def with_nothing_signed(database: Database) -> int:
    """The charter is not the one that was published."""
    position = database.first("CharterPublished")
    event = json.loads(bytes(database.get(position, "data")))
    document = {**json.loads(event["document"]), "signed": []}
    event["document"] = canonical(document).decode()
    event["rules_hash"] = hashlib.sha256(event["document"].encode()).hexdigest()
    database.set(position, data=json.dumps(event).encode())
    return position


def approved_by_the_same(database: Database) -> int:
    """Whoever proposed, for another agency."""
    one, two = (database.first(each) for each in ("DecisionProposed", "DecisionApproved"))
    principals = [json.loads(bytes(database.get(at, "envelope")))["actor"]["principal"] for at in (one, two)]
    database.replace(two, "envelope", principals[1], principals[0])
    return two


def without_command(database: Database) -> int:
    """Nobody signs, and nobody can see that it was to be signed."""
    position = database.first("ConsortiumChanged")
    envelope = json.loads(bytes(database.get(position, "envelope"))) | {"command": None, "signature": None}
    database.set(position, envelope=json.dumps(envelope).encode())
    return position


def decided_by_one(database: Database) -> int:
    """What was proposed, in the place of its approval, as though its proposer might decide it alone."""
    proposed, position = database.first("DecisionProposed"), database.first("DecisionApproved")
    by = json.loads(bytes(database.get(proposed, "envelope")))
    same = {each: by[each] for each in ("actor", "command", "command_type")}
    envelope = json.loads(bytes(database.get(position, "envelope"))) | same
    content = {each: database.get(position + 1, each) for each in ("type", "version", "data")}
    database.set(position, envelope=json.dumps(envelope).encode(), **content)
    return position


FORGED: dict[str, tuple[Tamper, FaultClass]] = {
    "a key that nobody vouched for": (in_its_place("KeyRegistered", 2, EVILS, "register-key", EVIL), "bad-signature"),
    "the last key revoked": (in_its_place("KeyRevoked", 1, REVOKED, "revoke-key", KEY), "bad-signature"),
    "a key of another's": (
        in_its_place("KeyRegistered", 2, {**EVILS, "agency": "other"}, "register-key", KEY),
        "bad-signature",
    ),
    "another key than was signed": (registered_otherwise, "bad-signature"),
    "nothing signed any more": (with_nothing_signed, "bad-signature"),
    "approved by who proposed it": (approved_by_the_same, "bad-signature"),
    "another was proposed": (
        replacing("envelope", "eliminations", "Eliminations", "DecisionProposed"),
        "bad-signature",
    ),
    "of no decision": (without_command, "bad-signature"),
    "of another decision": (
        replacing("envelope", '"command_type":"enrol-team"', '"command_type":"open-stage"', "TeamEnrolled"),
        "bad-signature",
    ),
    "approved by nobody": (decided_by_one, "bad-signature"),
    "settled otherwise": (settled_otherwise, "wrong-tally"),
    "measured otherwise": (measured_otherwise, "wrong-tally"),
    "signed by another": (signed_by_another, "bad-signature"),
    "command changed": (replacing("envelope", "Lab", "Lap", "ConsortiumChanged"), "bad-signature"),
    "signature stripped": (stripped, "bad-signature"),
    "held back": (held_back, "bad-signature"),
    "approved by its proposer": (
        replacing("envelope", '"agency":"other"', '"agency":"owner"', "DecisionApproved"),
        "bad-signature",
    ),
    "another was approved": (approved_otherwise, "bad-signature"),
    "the proposal was changed": (
        replacing("data", "eliminations", "Eliminations", "DecisionProposed"),
        "bad-signature",
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_was_forged_before_it_was_sealed(unsealed: Original, tmp_path: Path, what: str) -> None:
    tamper, fault = FORGED[what]
    with serving(unsealed, name_of(unsealed)) as running:
        database = Database(running.database)
        position = tamper(database)
        database.commit_again(position)
        seal_anew(running, tmp_path)
        export(running, tmp_path / "bundle", programme=PROGRAMME)
        found(tmp_path / "bundle", log_key(running), fault, position)


# In a bundle


def lines_of(folder: Path) -> list[str]:
    return (folder / "events.ndjson").read_text().splitlines(keepends=True)


def rewriting(change: Callable[[list[str]], None]) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        lines = lines_of(folder)
        change(lines)
        (folder / "events.ndjson").write_text("".join(lines))

    return tamper


def without_content(lines: list[str]) -> None:
    line = json.loads(lines[9])
    lines[9] = json.dumps({each: line[each] for each in list(line) if each not in ("salt", "envelope", "data")}) + "\n"


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        (found,) = folder.glob(file)
        text = found.read_text()
        assert old in text
        found.write_text(text.replace(old, new, 1))

    return tamper


def with_another_leaf(folder: Path) -> None:
    leaves = bytearray((folder / "leaves").read_bytes())
    leaves[32 * 4] ^= 1
    (folder / "leaves").write_bytes(leaves)


BUNDLES: dict[str, tuple[Callable[[Path], None], FaultClass, int]] = {
    "an event is omitted": (rewriting(lambda lines: lines.__delitem__(9)), "removed", 10),
    "what an event says is omitted": (rewriting(without_content), "removed", 10),
    "two events change places": (rewriting(lambda lines: lines.insert(9, lines.pop(10))), "reordered", 10),
    "an event stands twice": (rewriting(lambda lines: lines.insert(10, lines[9])), "inserted", 11),
    "the end is cut off": (rewriting(lambda lines: lines.__delitem__(slice(20, None))), "truncated", 21),
    "a line is cut off": (rewriting(lambda lines: lines.__setitem__(9, lines[9][:50] + "\n")), "edited", 10),
    "a figure in what is shown": (
        replaced("standings/heat.json", '"rank":{"best":1', '"rank":{"best":2'),
        "wrong-tally",
        0,
    ),
    "a charter": (replaced("charters/*.json", "half-up", "half-down"), "edited", 0),
    "the root": (replaced("checkpoints/*", "\n\n", "A\n\n"), "bad-signature", 0),
    "a leaf": (with_another_leaf, "edited", 5),
}


@pytest.mark.parametrize("what", BUNDLES)
def test_a_bundle_that_was_tampered_with(original: Original, tmp_path: Path, what: str) -> None:
    tamper, fault, position = BUNDLES[what]
    folder = Path(shutil.copytree(original.home / "bundle", tmp_path / "bundle"))
    size = len(lines_of(folder))
    tamper(folder)
    said_by_both(folder, (original.home / "key").read_text(), fault, size if fault == "wrong-tally" else position)


def test_whatever_is_done_to_a_file_both_say_the_same(original: Original, tmp_path: Path) -> None:
    """The same class and place; and little of it is nothing."""
    key, folder = (original.home / "key").read_text(), tmp_path / "bundle"
    nothing, differ = [], []
    for what, mutate in mutations(original.home / "bundle"):
        shutil.copytree(original.home / "bundle", folder, ignore=shutil.ignore_patterns("schemas"))
        mutate(folder)
        ours, theirs = verify(folder, key), verify_beside(folder, key)
        first, second = ((each.code, each.code > 1 and each.said.partition(":")[0]) for each in (ours, theirs))
        differ += [(what, ours, theirs)] * (first != second)
        nothing += [what] * (ours.code == 0)
        shutil.rmtree(folder)
    assert not differ
    assert set(nothing) == HARMLESS


HARMLESS = {
    "a line: spaces",
    "lines: the last without its end",
    "a checkpoint: with other ends of lines",
    "a checkpoint: with somebody's signature",
    "standings: written with spaces",
}
"""What says the same as before."""


# Signed by whoever has the log's key


FIGURE = {"stage": "heat", "figure": {"kind": "points", "node": "total", "team": "ant", "value": "1"}, "source": "s"}
OTHER_ROOT = base64.b64encode(bytes(32)).decode()
NOBODY = {"team": "nobody", "reason": {"en": "why", "ko": "왜"}}


def of_another_decision(lines: Lines) -> None:
    lines[1]["envelope"] = lines[1]["envelope"].replace('"enrol-team"', '"open-stage"')


def unreadable(lines: Lines) -> None:
    lines[19]["data"] = '{"x":1}'


def of_tomorrow(lines: Lines) -> None:
    lines[19]["version"] = 3


def found_by_nobody(lines: Lines) -> None:
    """It has a tag less than what it says, so that the decisions which depend on it do not find it."""
    envelope = json.loads(lines[19]["envelope"])
    envelope["tags"] = lines[19]["tags"] = envelope["tags"][:-1]
    lines[19]["envelope"] = json.dumps(envelope)


def before_the_one_before(lines: Lines) -> None:
    lines[19]["recorded_at"] = "2020-01-01T00:00:00.000000Z"


def on_no_day(lines: Lines) -> None:
    lines[19]["envelope"] = json.dumps(json.loads(lines[19]["envelope"]) | {"decided_at": "2026-13-01T00:00:00Z"})


def one_more(lines: Lines) -> dict[str, Any]:
    """A decision of the owner's after all others."""
    line, own = lines[40] | {"recorded_at": lines[-1]["recorded_at"]}, str(uuid7())
    return line | {"event_id": own, "envelope": line["envelope"].replace(line["event_id"], own)}


def impossible(lines: Lines) -> None:
    """A figure that the scores leave no room for; nothing but what is shown comes after it."""
    lines.append(says(one_more(lines), "FigureCertified", "certify-figure", FIGURE))


def certified_otherwise(lines: Lines) -> None:
    """Another root than the record has, and after it what cannot be read."""
    at, settled = next(each for each in enumerate(lines, start=1) if each[1]["type"] == "StageConsolidated")
    asked = {"stage": "heat", "digest": json.loads(settled["data"])["digest"], "size": "5", "root": OTHER_ROOT}
    told: dict[str, Any] = {"agency": "owner", "settlement": at, "origin": "log", "size": 5}
    lines.append(says(one_more(lines), "CertificateIssued", "issue-certificate", asked, **told))
    lines.append(one_more(lines) | {"data": "{}"})


def twice(field: str) -> Callable[[Lines], None]:
    """The first value is of no such type: who reads both refuses it, who reads the last does not, for who reads the
    first it is another. Of `command`, which stands in the envelope, and of what was proposed, which stands in the data.
    """

    def change(lines: Lines) -> None:
        line = lines[19]
        outer, _, inner = field.rpartition("/")
        if not outer:
            line[field] = '{"tags":5,"stage":5,' + line[field][1:]
        else:
            said = json.loads(line[outer])
            line[outer] = json.dumps(said | {inner: '{"stage":5,"stage":"heat"}'})

    return change


def of_nobody(lines: Lines) -> None:
    lines[14] = says(lines[14], "TeamWithdrawn", "withdraw-team", NOBODY, team="nobody", stage="heat")


FAULTY: dict[str, tuple[Sequence[Callable[[Lines], None]], FaultClass, int]] = {
    "an unsound signature before what cannot be read": ((of_another_decision, unreadable), "bad-signature", 2),
    "what cannot be taken in before what cannot be read": ((of_nobody, unreadable), "wrong-tally", 15),
    "what cannot be taken in": ((of_nobody,), "wrong-tally", 15),
    "what no release knows": ((of_tomorrow,), "wrong-tally", 20),
    "what no decision finds": ((found_by_nobody,), "bad-signature", 20),
    "what was decided on no day": ((on_no_day,), "wrong-tally", 20),
    "what was recorded before the one before it": ((before_the_one_before,), "reordered", 20),
    "an envelope with a name twice": ((twice("envelope"),), "edited", 20),
    "data with a name twice": ((twice("data"),), "edited", 20),
    "a command with a name twice": ((twice("envelope/command"),), "edited", 20),
    "a proposal of a command with a name twice": ((twice("data/command"),), "edited", 20),
    "what comes to no standings": ((impossible,), "wrong-tally", 45),
    "what is certified otherwise before what cannot be read": ((certified_otherwise,), "forked", 45),
}


@pytest.mark.parametrize("what", FAULTY)
def test_the_first_fault_is_named_whatever_follows(original: Original, tmp_path: Path, what: str) -> None:
    changes, fault, position = FAULTY[what]
    folder = Path(shutil.copytree(original.home / "bundle", tmp_path / "bundle"))
    lines = read_lines(folder)
    for change in changes:
        change(lines)
    Signer(1).sign(folder, lines)
    in_json("standings/heat.json", lambda shown: shown.update(position=len(lines)))(folder)
    said_by_both(folder, str(Signer(1).key), fault, position)


def test_a_log_that_signs_with_another_key_since(original: Original, tmp_path: Path) -> None:
    """Who knows both verifies all of it; who knows one is told which checkpoint it did not sign."""
    folder = Path(shutil.copytree(original.home / "bundle", tmp_path / "bundle"))
    lines, one, two = read_lines(folder), Signer(1), Signer(2)
    one.sign(folder, lines[:30])
    two.sign(folder, lines, keep=True)
    other = (original.home / "key").read_text()
    for verifier in (verify, verify_beside):
        assert verifier(folder, str(one.key), "--log-key", str(two.key)).code == 0
        for known, unsigned in ((one, 44), (two, 30)):
            said = verifier(folder, str(known.key))
            assert (said.code, f"checkpoint {unsigned}: it is not signed by" in said.said) == (17, True), said
        assert verifier(folder, str(one.key), "--log-key", other).code not in (0, *EXIT_CODES.values())


@pytest.mark.parametrize(
    ("size", "name", "by", "fault"),
    [
        (30, "44", 1, ("truncated", 31)),
        (44, "30", 1, ("forked", 1)),
        (44, "44.other", 1, ("forked", 0)),
        (44, "30.other", 1, ("forked", 1)),
        (44, "44.other", 2, ("bad-signature", 0)),
        (44, "44.another", 1, ("bad-signature", 0)),
    ],
)
def test_what_a_folder_has_of_before(
    original: Original, tmp_path: Path, size: int, name: str, by: int, fault: tuple[FaultClass, int]
) -> None:
    """A log that was rolled back, or forked, is found against the checkpoints of earlier exports."""
    folder = Path(shutil.copytree(original.home / "bundle", tmp_path / "bundle"))
    Signer(1).sign(folder, read_lines(folder)[:size])
    (folder / "checkpoints" / name).write_text(Signer(by).checkpoint(int(name.partition(".")[0]), bytes(32)))
    said_by_both(folder, str(Signer(1).key), *fault)


FORMER, SHORT = "log.example/former", 30
CLOSED: dict[str, tuple[tuple[str, int, bool], tuple[int, bool], tuple[FaultClass, int] | None, str]] = {
    "earlier": ((FORMER, 40, True), (SHORT, True), None, "it has all"),
    "the last": ((FORMER, SHORT, True), (SHORT, True), None, "it has all"),
    "earlier than what was lost": ((FORMER, 90, False), (SHORT, True), None, "it has not all"),
    "of what was lost": ((FORMER, 90, False), (80, False), ("truncated", 45), ""),
    "what is not in it": ((FORMER, 40, True), (SHORT, False), ("forked", 1), ""),
    "more than it is said to have had": ((FORMER, 20, True), (SHORT, True), ("truncated", 21), ""),
    "another last": ((FORMER, SHORT, False), (SHORT, True), ("forked", 0), ""),
    "of another log": (("log.example/other", 40, True), (SHORT, True), ("forked", 0), ""),
}
"""What a log says to come after (name, size, whether with the root that its own events have), what was kept of the
former log, and what is found."""


@pytest.mark.parametrize("what", CLOSED)
def test_what_was_kept_of_a_log_that_is_closed(original: Original, tmp_path: Path, what: str) -> None:
    """The log that comes after it goes on from it, or is another."""
    (origin, ended, own_end), (size, own), fault, said = CLOSED[what]
    folder = Path(shutil.copytree(original.home / "bundle", tmp_path / "bundle"))
    state, signer, lines = tmp_path / "state", Signer(1), read_lines(folder)
    leaves = [base64.b64decode(line["entry"]) for line in lines]

    def root(of: int, own: bool) -> str:
        return base64.b64encode(root_of([leaf_hash(each) for each in leaves[:of]])).decode() if own else OTHER_ROOT

    for verifier in (verify, verify_beside):
        state.write_text(json.dumps({"origin": FORMER, "size": size, "root": root(size, own)}))
        signer.sign(folder, lines, says=("other 1", "after nothing", f"after {origin} {ended} {root(ended, own_end)}"))
        found = verifier(folder, str(signer.key), "--state", str(state))
        if fault is None:
            assert (found.code, f"{FORMER}, which ended with {ended}, {said}" in found.said) == (0, True), found.said
            assert json.loads(state.read_bytes())["origin"] == signer.key.name
        else:
            place = f"{fault[0]} at position {fault[1]}:" if fault[1] else f"{fault[0]}:"
            assert (found.code, found.said.startswith(place)) == (EXIT_CODES[fault[0]], True), found.said


RECEIPTS: dict[str, tuple[int, int, tuple[FaultClass, int] | None]] = {
    "of what is there": (1, 5, None),
    "of what is not there any more": (1, 20, ("truncated", 11)),
    "of another tree of this size": (2, 10, ("forked", 0)),
    "of another tree": (2, 5, ("forked", 1)),
    "that shows nothing": (0, 5, ("bad-signature", 0)),
}
"""The line that a receipt is of, out of so many that were signed; what is found in a record of ten, whose second line
was another when the receipt of it was given."""


@pytest.mark.parametrize("what", RECEIPTS)
def test_a_receipt_that_somebody_kept(original: Original, tmp_path: Path, what: str) -> None:
    position, size, fault = RECEIPTS[what]
    folder = Path(shutil.copytree(original.home / "bundle", tmp_path / "bundle"))
    lines, signer = read_lines(folder), Signer(1)
    leaves = [leaf_hash(base64.b64decode(line["entry"])) for line in lines[:size]]
    if position == 2:
        leaves[1] = leaf_hash(b"another")
    entry = b"another" if position == 2 else base64.b64decode(lines[0]["entry"])
    proof = inclusion_proof(partial(node_over, leaves), max(position, 1) - 1, size)
    kept = tmp_path / "kept.tlog-proof"
    kept.write_text(receipt(position or 2, entry, proof, signer.checkpoint(size, root_of(leaves))))
    signer.sign(folder, lines[:10])
    shutil.rmtree(folder / "standings")
    if fault is None:
        for verifier in (verify, verify_beside):
            assert verifier(folder, str(signer.key), "--receipt", str(kept)).code == 0
    else:
        said_by_both(folder, str(signer.key), *fault, "--receipt", str(kept))


def node_over(leaves: list[bytes], level: int, index: int) -> bytes:
    return root_of(leaves[index << level : (index + 1) << level])


def test_a_bundle_of_another_log(original: Original) -> None:
    """The key is the auditor's, and nothing in the bundle says which one to trust."""
    other = "log.example/v1/ledger+00000000+AQ=="
    for verifier in (verify, verify_apart):
        assert verifier(original.home / "bundle", other).code not in (0, *EXIT_CODES.values())
    seed = SigningKey.make("x").public.x
    public = b"\x01" + base64url.read(seed)
    name = "log.example/v1/ledger"
    id_ = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    found(original.home / "bundle", f"{name}+{id_}+{base64.b64encode(public).decode()}", "bad-signature", 0)
