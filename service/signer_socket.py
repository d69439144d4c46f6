"""Between sealer and signer: a Unix socket in the signer's folder, which its owner alone can open.

One question and one answer a connection, each a line of JSON.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from service.application.seal_ports import Signer, SignerUnavailableError, SigningRefusedError, Standing

ANSWER_SECONDS: Final = 3.0
"""The sealer waits twice while it has its turn, which the database ends after ten seconds of nothing."""
_LINE: Final = 64 * 1024
_NAME: Final = "socket"


class _Question(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """`size`: of the tree to sign; without, what was signed last is asked for. `root`, `proof`: base64."""

    size: int | None = None
    root: bytes = b""
    proof: tuple[bytes, ...] = ()


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    standing: Standing | None = None
    note: str | None = None
    refused: str | None = None


class SocketSigner:
    """`Signer` in another process of this machine. `folder`: the signer's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def standing(self) -> Standing:
        """See `Signer.standing`."""
        found = self._ask(_Question()).standing
        if found is None:
            raise SignerUnavailableError("the signer answered something else than it was asked")
        return found

    def sign(self, size: int, root: bytes, proof: Sequence[bytes]) -> str:
        """See `Signer.sign`."""
        found = self._ask(_Question(size, root, tuple(proof))).note
        if found is None:
            raise SignerUnavailableError("the signer answered something else than it was asked")
        return found

    def _ask(self, question: _Question) -> _Answer:
        try:
            with _address(self._folder) as address, socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_SECONDS)
                connection.connect(address)
                connection.sendall(msgspec.json.encode(question) + b"\n")
                answer = msgspec.json.decode(_line(connection), type=_Answer)
        except (OSError, msgspec.DecodeError) as error:
            raise SignerUnavailableError(f"the signer at {self._folder} does not answer: {error}") from error
        if answer.refused is not None:
            raise SigningRefusedError(f"the signer refuses: {answer.refused}")
        return answer


def serve(folder: Path, signer: Signer, *, until: Callable[[], bool] = lambda: False) -> None:
    """Answer, one connection after the other, `until` it is to end. What goes wrong with one is that one's."""
    with _address(folder) as address, socket.socket(socket.AF_UNIX) as listener:
        (folder / _NAME).unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            listener.bind(address)
        finally:
            os.umask(before)
        listener.listen(16)
        listener.settimeout(0.5)
        while not until():
            try:
                connection, _peer = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(ANSWER_SECONDS)
                try:
                    connection.sendall(msgspec.json.encode(_answer(signer, _line(connection))) + b"\n")
                except OSError:
                    continue


def _answer(signer: Signer, line: bytes) -> _Answer:
    try:
        question = msgspec.json.decode(line, type=_Question)
    except msgspec.DecodeError as error:
        return _Answer(refused=f"what was asked cannot be read: {error}")
    if question.size is None:
        return _Answer(standing=signer.standing())
    try:
        return _Answer(note=signer.sign(question.size, question.root, question.proof))
    except SigningRefusedError as error:
        return _Answer(refused=str(error))


def _line(connection: socket.socket) -> bytes:
    """What was sent up to a newline. Raises `OSError`."""
    found = b""
    while not found.endswith(b"\n"):
        more = connection.recv(_LINE)
        if not more or len(found) > _LINE:
            raise OSError("the connection ended before the line did")
        found += more
    return found


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's address by the folder's descriptor: a path of its own may be longer than sockets take."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{_NAME}"
    finally:
        os.close(descriptor)
