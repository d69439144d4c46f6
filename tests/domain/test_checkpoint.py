"""Signed notes and checkpoints against published vectors, and against what is nearly one."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.checkpoint import (
    Checkpoint,
    cosignature,
    cosigned_at,
    cosigned_message,
    read_checkpoint,
    signed_checkpoint,
)
from domain.merkle import Frontier, leaf_hash
from domain.note import (
    COSIGNATURE,
    ED25519,
    Note,
    NoteError,
    NoteSignature,
    VerifierKey,
    read_note,
    require_name,
    signers,
    verifier_key,
)
from service.ed25519 import verify_ed25519
from service.verify import standalone as untyped
from tests.domain.test_merkle import VECTORS

STANDALONE: Any = untyped
PUBLISHED: dict[str, Any] = json.loads((VECTORS / "signed_note_and_tiles.json").read_text())
PRIVATE = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a log").digest())
LOG = VerifierKey("example.com/log", ED25519, PRIVATE.public_key().public_bytes_raw())
WITNESS = VerifierKey("witness.example/w1", COSIGNATURE, LOG.public_key)
CHECKPOINT = Checkpoint(origin=LOG.name, size=42, root=bytes(range(32)))


def note(checkpoint: Checkpoint = CHECKPOINT, *more: NoteSignature, key: VerifierKey = LOG) -> Note:
    return Note(checkpoint.text, (NoteSignature(key.name, key.id, PRIVATE.sign(checkpoint.text.encode())), *more))


@pytest.mark.parametrize("vector", PUBLISHED["signed_notes"][:2])
def test_published_notes_are_signed_by_their_keys(vector: dict[str, str]) -> None:
    content = f"{vector['text']}\n{vector['sig_line']}"
    found, key = read_note(content), verifier_key(vector["vkey"])
    assert str(key) == vector["vkey"]
    assert (found.text, str(found)) == (vector["text"], content)
    assert signers(found, [key], verify_ed25519) == (key,)
    with pytest.raises(NoteError, match="wrong"):
        signers(Note(found.text + "more\n", found.signatures), [key], verify_ed25519)


def test_both_published_signatures_of_one_note_count() -> None:
    first, second = PUBLISHED["signed_notes"][:2]
    found = read_note(f"{first['text']}\n{first['sig_line']}{second['sig_line']}")
    keys = [verifier_key(each["vkey"]) for each in (first, second)]
    assert signers(found, keys, verify_ed25519) == tuple(keys)
    assert signers(found, keys[:1], verify_ed25519) == (keys[0],)


@pytest.mark.parametrize(
    "text", [*PUBLISHED["bad_vkeys"], "", "a+b", "a b+00000000+AA==", "a+00000000+", str(LOG)[:-1]]
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        verifier_key(text)


def test_the_published_tree_head_is_written_as_it_is() -> None:
    vector = PUBLISHED["tree_note_body"]
    origin = vector["golden"].split("\n")[0]
    root = hashlib.sha256(vector["leaf_data"].encode()).digest()
    found = read_checkpoint(vector["golden"])
    assert (found.origin, found.size, found.text) == (origin, vector["n"], vector["golden"])
    assert len(found.root) == len(root)


def test_the_published_cosigned_message_is_what_a_witness_signs() -> None:
    message = PUBLISHED["cosignature_example_msg"]
    _header, time, text = message.split("\n", 2)
    assert cosigned_message(text, int(time.removeprefix("time "))) == message.encode()


def test_a_checkpoint_is_that_of_the_log_whose_key_signed_it() -> None:
    assert signed_checkpoint(read_note(str(note())), [LOG], verify_ed25519) == CHECKPOINT
    other = Checkpoint(origin="example.com/other", size=1, root=bytes(32))
    with pytest.raises(NoteError, match="not of"):
        signed_checkpoint(note(other), [LOG], verify_ed25519)
    with pytest.raises(NoteError, match="not signed"):
        signed_checkpoint(note(key=WITNESS), [LOG], verify_ed25519)
    altered = Checkpoint(origin=LOG.name, size=43, root=CHECKPOINT.root)
    with pytest.raises(NoteError, match="wrong"):
        signed_checkpoint(Note(altered.text, note().signatures), [LOG], verify_ed25519)


def test_a_witness_signs_checkpoint_and_time() -> None:
    line = cosignature(WITNESS, 1_700_000_000, PRIVATE.sign(cosigned_message(CHECKPOINT.text, 1_700_000_000)))
    found = read_note(str(note(CHECKPOINT, line)))
    assert cosigned_at(found, WITNESS, verify_ed25519) == 1_700_000_000
    assert cosigned_at(note(), WITNESS, verify_ed25519) is None
    assert cosigned_at(found, LOG, verify_ed25519) is None
    later = cosignature(WITNESS, 1_700_000_001, line.value[8:])
    with pytest.raises(NoteError, match="wrong"):
        cosigned_at(note(CHECKPOINT, later), WITNESS, verify_ed25519)
    with pytest.raises(NoteError, match="a time and a signature"):
        cosigned_at(note(CHECKPOINT, NoteSignature(WITNESS.name, WITNESS.id, b"short")), WITNESS, verify_ed25519)


def test_one_key_as_log_and_as_witness_has_two_ids() -> None:
    assert VerifierKey(LOG.name, COSIGNATURE, LOG.public_key).id != LOG.id


@given(
    st.integers(0, 10**18), st.binary(min_size=32, max_size=32), st.lists(st.from_regex(r"[!-~]{1,20}", fullmatch=True))
)
def test_a_checkpoint_leads_back_to_itself(size: int, root: bytes, extensions: list[str]) -> None:
    found = Checkpoint(origin="example.com/log", size=size, root=root, extensions=tuple(extensions))
    assert read_checkpoint(found.text) == found


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "log\n1\n",
        f"log\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"log\n01\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n{'9' * 20}\n{ROOT}\n",
        f"log\n1\n{ROOT}\n\n",
        f"log\n1\n{ROOT}\n\nmore\n",
        f"log\n1\n{ROOT[:-1]}\n",
        f"log\n1\n {ROOT}\n",
        f"log\n1\n{base64.b64encode(bytes(31)).decode()}\n",
        f"log\n1\n{ROOT[:-2]}B=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_checkpoint(text)
    told = text.replace("log", LOG.name)
    signed = NoteSignature(LOG.name, LOG.id, PRIVATE.sign(told.encode()))
    with pytest.raises(ValueError):  # noqa: PT011 — whatever is wrong with it
        STANDALONE.read_checkpoint(f"{told}\n{signed.line}", [STANDALONE.read_key(str(LOG))])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "text\n",
        "text\n\n",
        "\n\n— k AAAAAAA=\n",
        "text\n\n— k AAAAAAA=",
        "text\n\n- k AAAAAAA=\n",
        "text\n\n— k AAAA\n",
        "text\n\n— k+k AAAAAAA=\n",
        "text\n\n— k AAAAAAA\n",
        "text\n\n— k AAAAAAB=\n",
        "text\n\n— k AAAAAAA=\n\n",
        "te\rxt\n\n— k AAAAAAA=\n",
        "text\n\n" + "— k AAAAAAA=\n" * 101,
        "text" * 100_000 + "\n\n— k AAAAAAA=\n",
    ],
)
def test_what_is_no_note_is_refused(content: str) -> None:
    with pytest.raises(NoteError):
        read_note(content)


@given(st.text(max_size=200))
def test_no_text_gives_anything_but_a_note_or_a_fault(content: str) -> None:
    for read in (read_note, read_checkpoint, verifier_key):
        try:
            found = read(content)
        except NoteError:
            continue
        assert str(getattr(found, "text", found)) in content


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
def test_a_name_has_no_spaces_and_no_plus(name: str) -> None:
    with pytest.raises(NoteError):
        require_name(name)


def test_a_tree_of_one_is_its_leaf() -> None:
    frontier = Frontier()
    list(frontier.add(leaf_hash(b"hello world")))
    assert frontier.root == leaf_hash(b"hello world")
