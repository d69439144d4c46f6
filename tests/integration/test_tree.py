"""The log over HTTP, read by a client that knows the C2SP specifications and shares no code with the service."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.integration.conftest import Headers, Running, run_shared
from tests.integration.sealing import (
    ORIGIN,
    SignerProcess,
    path,
    proof,
    read_bundle,
    read_checkpoint,
    sealer,
    sha256,
    tree_hash,
)
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL, lines_of

LEDGER = "/v1/ledger"


@dataclass
class Sealed:
    """A ledger that is sealed, in two checkpoints, but for its last positions. `entries`: as tiles gave them."""

    running: Running
    sizes: tuple[int, int]
    entries: list[bytes]

    def get(self, address: str, **parameters: int) -> httpx.Response:
        return self.running.client.get(f"{LEDGER}/{address}", params=parameters)

    @property
    def size(self) -> int:
        return self.sizes[1]

    @property
    def keys(self) -> list[str]:
        keys: list[str] = self.get("log").json()["keys"]
        return keys


@pytest.fixture(scope="module")
def sealed(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    home = tmp_path_factory.mktemp("tree")
    signer = SignerProcess(home)
    assert signer.start() == ""
    lines = lines_of(REHEARSAL)
    for running in run_shared(server, template, home):
        sizes = []
        with sealer(running.database, signer.client) as seal:
            for upto in (200, 700):
                running.play(REHEARSAL, lines[:upto])
                assert seal() == "current"
                sizes.append(running.head())
        running.play(REHEARSAL, lines[:705])
        found = Sealed(running, (sizes[0], sizes[1]), [])
        found.entries = [each for bundle in bundles(found) for each in read_bundle(bundle)]
        yield found
    signer.kill()


def bundles(sealed: Sealed) -> Iterator[bytes]:
    full, rest = divmod(sealed.size, 256)
    for index in range(full):
        yield sealed.get(f"tile/entries/{index:03d}").content
    yield sealed.get(f"tile/entries/{full:03d}.p/{rest}").content


def texts(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


def test_the_checkpoint_is_a_signed_note_over_the_tree_of_the_entries(sealed: Sealed) -> None:
    answer = sealed.get("checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"
    assert read_checkpoint(answer.text, *sealed.keys) == (ORIGIN, sealed.size, tree_hash(sealed.entries))
    assert sealed.get(f"checkpoint/{sealed.size}").text == answer.text


def test_an_earlier_checkpoint_stays(sealed: Sealed) -> None:
    size = sealed.sizes[0]
    found = sealed.get(f"checkpoint/{size}").text
    assert read_checkpoint(found, *sealed.keys) == (ORIGIN, size, tree_hash(sealed.entries[:size]))


def test_the_entries_are_those_of_the_ledger(sealed: Sealed) -> None:
    assert sealed.entries == [each.entry for each in sealed.running.service.ledger.read(upto=sealed.size)]


def test_leaves_are_served_from_any_position_to_any(sealed: Sealed) -> None:
    leaves = b"".join(tree_hash([each]) for each in sealed.entries)
    for after, upto in (
        (0, 1),
        (0, sealed.size),
        (255, 257),
        (256, 512),
        (300, sealed.size),
        (sealed.size - 1, sealed.size),
    ):
        answer = sealed.get("leaves", after=after, upto=upto)
        assert answer.content == leaves[32 * after : 32 * upto]
    assert answer.headers["cache-control"].endswith("immutable")
    expect(sealed.get("leaves", after=0, upto=sealed.size + 1), 404, "not-sealed")
    for wrong in ({"upto": 0}, {"after": 9, "upto": 9}, {"after": 1, "upto": 65_538}, {"after": 1}):
        expect(sealed.get("leaves", **wrong), 400, "invalid-parameter")


def test_every_tile_of_the_tree_is_served_and_no_other(sealed: Sealed) -> None:
    for level in (0, 1):
        count = sealed.size >> 8 * level
        for index in range(count // 256 + 1):
            nodes = [
                tree_hash(sealed.entries[i << 8 * level : (i + 1) << 8 * level])
                for i in range(index * 256, min(index * 256 + 256, count))
            ]
            partial = f".p/{len(nodes)}" * (len(nodes) < 256)
            answer = sealed.get(f"tile/{level}/{index:03d}{partial}")
            assert answer.content == b"".join(nodes)
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        full, rest = divmod(count, 256)
        expect(sealed.get(f"tile/{level}/{full:03d}.p/{rest + 1}"), 404, "not-found")
        expect(sealed.get(f"tile/{level}/{full + 1:03d}"), 404, "not-found")
    for wrong in ("0/1", "0/000.p/0", "0/000.p/256", "x/000", "entries/0", "0", "2/000", "entries/000/../x"):
        expect(sealed.get(f"tile/{wrong}"), 404, "not-found")


def test_what_is_not_signed_is_not_served(sealed: Sealed) -> None:
    """Neither as hashes nor as entries: the tree may be ahead of its checkpoint."""
    assert sealed.running.head() > sealed.size
    rest = sealed.size % 256
    for kind in ("0", "entries"):
        expect(sealed.get(f"tile/{kind}/{sealed.size // 256:03d}.p/{rest + 1}"), 404, "not-found")


def test_every_proof_of_inclusion_is_that_of_the_definition(sealed: Sealed) -> None:
    for size in sealed.sizes:
        for position in {1, 2, 128, size - 1, size}:
            answer = sealed.get("proofs/inclusion", position=position, size=size)
            expected = texts(path(position - 1, sealed.entries[:size]))
            assert answer.json() == {"size": size, "position": position, "hashes": expected}


def test_every_proof_of_consistency_is_that_of_the_definition(sealed: Sealed) -> None:
    """Between any two sizes, signed or not."""
    for old, new in ((1, 2), (3, 7), (*sealed.sizes,), (128, 256), (sealed.size, sealed.size), (1, sealed.size)):
        answer = sealed.get("proofs/consistency", **{"from": old, "to": new})
        expected = texts(proof(old, sealed.entries[:new]))
        assert answer.json() == {"size": new, "from": old, "hashes": expected}


@pytest.mark.parametrize("at", [0, 1, -1])
def test_a_receipt_holds_all_that_shows_that_an_event_is_in_the_log(sealed: Sealed, at: int) -> None:
    """Of the first checkpoint that covers it."""
    position = (*sealed.sizes, 1)[at]
    size = next(each for each in sealed.sizes if each >= position)
    answer = sealed.get(f"receipts/{position}")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    head, _, note = answer.text.partition("\n\n")
    kind, extra, index, *hashes = head.split("\n")
    assert (kind, index) == ("c2sp.org/tlog-proof@v1", f"index {position - 1}")
    entry = base64.b64decode(extra.removeprefix("extra "))
    assert entry == sealed.entries[position - 1]
    assert hashes == texts(path(position - 1, sealed.entries[:size]))
    assert read_checkpoint(note, *sealed.keys)[1] == size
    assert sealed.get(f"receipts/{position}.tlog-proof").text == answer.text


def test_a_decision_names_its_receipt_which_is_there_once_it_is_sealed(sealed: Sealed) -> None:
    """The entry in it is that of the event's data, envelope and salt."""
    answer = sealed.running.client.get(f"{LEDGER}/receipts/{sealed.running.head()}")
    problem = expect(answer, 404, "not-sealed")
    assert problem["detail"].endswith(f"the last checkpoint covers {sealed.size}")
    assert answer.headers["retry-after"] == "1"
    (event,) = sealed.running.service.ledger.read(after=0, upto=1)
    committed = [len(each).to_bytes(4, "big") + each for each in (event.envelope, event.data)]
    assert sealed.entries[0].endswith(sha256(event.salt, *committed))


@pytest.mark.parametrize(
    ("address", "status", "problem"),
    [
        ("proofs/inclusion?position=0&size=5", 400, "invalid-parameter"),
        ("proofs/inclusion?position=6&size=5", 400, "invalid-parameter"),
        ("proofs/inclusion?position=6", 400, "invalid-parameter"),
        ("proofs/inclusion?position=1&size=2&x=1", 400, "invalid-parameter"),
        ("proofs/inclusion?position=1&size=100000", 404, "not-sealed"),
        ("proofs/consistency?from=5&to=4", 400, "invalid-parameter"),
        ("proofs/consistency?from=0&to=4", 400, "invalid-parameter"),
        ("proofs/consistency?from=1&to=100000", 404, "not-sealed"),
        ("checkpoint/100000", 404, "not-sealed"),
        ("checkpoint/3", 404, "not-found"),
        ("checkpoint/03", 404, "not-found"),
        ("checkpoint/x", 404, "not-found"),
        ("receipts/0", 404, "not-found"),
        ("receipts/x", 404, "not-found"),
        ("receipts/100000", 404, "not-sealed"),
    ],
)
def test_what_is_not_there_is_a_problem_that_says_so(sealed: Sealed, address: str, status: int, problem: str) -> None:
    expect(sealed.running.client.get(f"{LEDGER}/{address}"), status, problem)


def test_before_anything_is_sealed_there_is_nothing(running: Running) -> None:
    for address in ("log", "checkpoint", "receipts/1", "proofs/inclusion?position=1&size=1"):
        expect(running.client.get(f"{LEDGER}/{address}"), 404, "not-sealed")
    expect(running.client.get(f"{LEDGER}/tile/0/000.p/1"), 404, "not-found")


def test_no_key_is_looked_at(sealed: Sealed) -> None:
    """And so nothing that a cache keeps for one is withheld from another."""
    wrong: Headers = {"Authorization": "Bearer wrong"}
    for address in ("log", "checkpoint", "tile/0/000", "tile/entries/000", "receipts/1"):
        answer = sealed.running.client.get(f"{LEDGER}/{address}", headers=wrong)
        assert answer.status_code == 200
        assert "vary" not in answer.headers
