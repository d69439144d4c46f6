"""Events a second of a bundle verified offline, by each of the two verifiers, as an auditor starts it.

Once the record alone (`--public`): every entry, the tree and the checkpoint's signature. Once with what follows from
it: decisions, and standings derived again from every sheet. Beside them the hashes of the same tree alone, over entries
that are in memory already. No decision here is signed: what a signature takes is measured apart, over requests as long
as a score's, by what each verifier calls for one.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Final

import httpx
import msgspec
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.charter_document import canonical, rules_hash
from domain.deadlines import instant
from domain.score_events import ScoreSubmitted
from ops.bench import competition
from ops.bench.export import PATIENCE, bundle
from ops.bench.results import Row
from ops.bench.rounds import Case, NotMeasuredError, rounds, rows_of, timed
from ops.bench.seal import REFERENCE, hash_alone
from ops.bench.service import key_of, run_service, sealed_size, watch
from ops.bench.setting import Setting
from ops.bench.workload import command, envelope, sheet
from service.application.ports import NewEvent
from service.ed25519 import verify_ed25519
from service.settings import Settings

SCORES: Final = 200_000
"""So many that starting a process is a small part of it."""
SIGNATURES: Final = 10_000
ROUNDS: Final = 3
SILLOK: Final = (sys.executable, "-c", "from service.cli import main; main()", "verify")
MODES: Final = {"record": ("--public",), "record and outcomes": ()}
Check = Callable[[bytes, bytes, bytes], bool]
"""Of public key, message and signature."""
SIGNED_BY: Final[dict[str, Check]] = {
    "sillok verify": verify_ed25519,
    "verify.py": import_module("service.verify.standalone").signed_by,
}


def whole(rules: str, score: ScoreSubmitted) -> NewEvent:
    """The event with an envelope of its own, as a verifier wants it. `rules`: the hash of those in force."""
    event, of = competition.new_event(score), sheet(score.team, score.evaluator)
    said = of._replace(tags=event.tags, data=event.data)
    made = envelope(said, event.event_id, rules=rules, decided_at=instant(datetime.now(UTC)))
    return msgspec.structs.replace(event, envelope=made)


def verify(command_line: tuple[str, ...], events: int) -> float:
    """Events a second. Raises `NotMeasuredError` for a bundle that is said not to be whole."""
    ended: list[subprocess.CompletedProcess[str]] = []

    def run() -> None:
        ended.append(subprocess.run(command_line, capture_output=True, text=True, check=False))

    seconds = timed(run)
    if ended[0].returncode or f"whole: {events} events" not in ended[0].stdout:
        raise NotMeasuredError(f"it said {(ended[0].stdout + ended[0].stderr).strip()[:300]}")
    return events / seconds


def signatures(check: Check, number: int) -> float:
    """Signatures a second, each over a message of its own."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    messages = [command(sheet("team-00", f"ev-{each:016x}")).encode() for each in range(number)]
    signed = [(each, private.sign(each)) for each in messages]
    sound: list[bool] = []
    seconds = timed(lambda: sound.extend(check(public, *each) for each in signed))
    assert all(sound)
    return number / seconds


def measure(setting: Setting) -> list[Row]:
    """A row for each verifier and what it looks at; and for a signature, by each."""
    with setting.server() as server, setting.folder() as home:
        url = server.database("verification")
        scores = setting.events(SCORES)
        rules = rules_hash(canonical(competition.rules(scores)))
        events = competition.fill(url, scores, partial(whole, rules))
        folder = home / "bundle"
        known: list[str] = []

        def work(settings: Settings) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                watch(connection, events, PATIENCE)
                sealed_size(connection, PATIENCE)
                known.extend(httpx.get(f"{settings.address}/v1/ledger/log", trust_env=False).json()["keys"])
            bundle(settings, key_of(settings, "auditor", "auditor"), folder)

        run_service(url, home / "home", work)
        with psycopg.connect(url) as connection:
            entries = [each for (each,) in connection.execute("SELECT entry FROM ledger.event ORDER BY position")]
        reference = Case(REFERENCE, events)
        turns = {reference: lambda: events / timed(partial(hash_alone, entries))}
        verifiers = {"sillok verify": SILLOK, "verify.py": (sys.executable, "-I", str(folder / "verify.py"))}
        for (name, verifier), (what, options) in itertools.product(verifiers.items(), MODES.items()):
            command_line = (*verifier, str(folder), "--log-key", known[0], *options)
            turns[Case(f"{name}: {what}", events)] = partial(verify, command_line, events)
        rates = rounds(turns, setting.rounds(ROUNDS))
    number = setting.events(SIGNATURES)
    checks = {Case(name, number): partial(signatures, check, number) for name, check in SIGNED_BY.items()}
    return [
        *rows_of(rates, "verification", "events/s", reference=lambda _case: reference),
        *rows_of(rounds(checks, setting.rounds(ROUNDS)), "verification, signatures", "1/s"),
    ]
