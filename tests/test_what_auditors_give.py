"""What an auditor gives both verifiers beside the bundle: keys, and the file with what was kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from domain.note import COSIGNATURE, ED25519, VerifierKey
from service.cli import main
from service.verify import standalone as untyped
from service.verify.kept import KeptError, read_kept

STANDALONE: Any = untyped
KEPT = {"origin": "log.example", "size": 1, "root": "AAAA"}
NOT_KEPT = ("", "[]", "{}", *(json.dumps(KEPT | {"size": size}) for size in (-1, True, "1", 1.5, None)))


@pytest.mark.parametrize("text", NOT_KEPT)
def test_a_state_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    state = tmp_path / "state"
    state.write_text(text)
    with pytest.raises(KeptError, match="holds no checkpoint"):
        read_kept(state)
    with pytest.raises(ValueError, match=r"holds no checkpoint|Expecting value"):
        STANDALONE.read_state(state)
    state.write_text(json.dumps(KEPT))
    kept = read_kept(state)
    assert kept is not None
    assert STANDALONE.read_state(state) == {"origin": kept.origin, "size": kept.size, "root": kept.root}


@pytest.mark.parametrize(
    "keys",
    [
        (VerifierKey("log.example", COSIGNATURE, bytes(32)),),
        (VerifierKey("log.example", ED25519, bytes(32)), VerifierKey("other.example", ED25519, bytes(32))),
    ],
)
def test_a_key_of_a_witness_or_of_another_log_is_refused(tmp_path: Path, keys: tuple[VerifierKey, ...]) -> None:
    """And accuses nobody: the bundle is not looked at."""
    options = [each for key in keys for each in ("--log-key", str(key))]
    said = CliRunner().invoke(main, ["verify", str(tmp_path), *options])
    assert (said.exit_code, "Invalid value for '--log-key'" in said.output) == (2, True), said.output
    assert STANDALONE.main([str(tmp_path), *options]) == 1
