"""Making a bundle from a running service, or going on with one."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from domain.charter_document import rules_hash
from domain.checkpoint import Checkpoint, read_checkpoint
from domain.envelope import PrivateEnvelope
from domain.merkle import HASH_BYTES
from domain.note import NoteError, read_note
from domain.rulebook import EVENTS
from domain.scalars import Identifier
from domain.standings import Standings
from service.cli.failures import NotAsAskedError
from service.client import ServiceProblemError, Sillok
from service.client.calls import EXPORT_PAGE, LEAVES
from service.verify import bundle as parts

SEAL_SECONDS: Final = 60.0
"""For so long what was shown is waited for to be sealed."""

WITNESS_SECONDS: Final = 2.0
"""For so long they are waited for."""

AHEAD: Final = 2
"""So many pages are asked for while one is written."""

FOLDERS: Final = (parts.CHECKPOINTS, parts.STANDINGS, parts.CHARTERS, parts.SCHEMAS)
PART: Final = "part"
"""A file that is not whole yet."""

_CHARTERS: Final = b'"type":"Charter'
_STANDALONE: Final = Path(parts.__file__).with_name("standalone.py")


class _Stage(msgspec.Struct):
    id: Identifier


class _Staged(msgspec.Struct):
    stages: list[_Stage]


class _WithDocument(msgspec.Struct):
    document: str


Progress = Callable[[int, int], None]
"""Told how many events there are of how many."""


@contextmanager
def telling() -> Iterator[Progress]:
    """A bar on standard error, if that is a terminal, gone once all events are there."""
    columns = (TextColumn("events"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("events")
        yield lambda done, of: bar.update(task, completed=done, total=of)


def make_bundle(sillok: Sillok, programme: str, folder: Path, progress: Progress) -> parts.Manifest:
    """Make the bundle in a folder, or take an earlier one, whole or cut off, up to the log's last checkpoint.

    What is there is not asked for again, and earlier checkpoints stay. Raises `NotAsAskedError`, `ServiceError`.
    """
    _require_same(folder, programme)
    for each in FOLDERS:
        (folder / each).mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        shown = _standings(sillok, programme, folder / parts.STANDINGS)
        note, found = covering(sillok, shown, known=_known(folder / parts.CHECKPOINTS))
        _put(folder, _name(folder / parts.CHECKPOINTS / str(found.size), note), note.encode())
        manifest = parts.Manifest(format=parts.FORMAT, programme=programme, log=found.origin, size=found.size)
        _put(folder, folder / parts.MANIFEST, msgspec.json.encode(manifest) + b"\n")
        _leaves(sillok, folder / parts.LEAVES, found.size)
        _events(sillok, programme, folder / parts.EVENTS, found.size, progress)
        _charters(folder)
        _schemas(folder / parts.SCHEMAS)
        shutil.copyfile(_STANDALONE, folder / "verify.py")
    return manifest


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """What two write at once into one file is no record. Raises `NotAsAskedError` while another export does."""
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotAsAskedError(f"Another export is writing to {folder}.") from None
        yield
    finally:
        os.close(held)


def _require_same(folder: Path, programme: str) -> None:
    file = folder / parts.MANIFEST
    if file.exists():
        known = parts.Bundle(folder).manifest.programme
        if known != programme:
            raise NotAsAskedError(f"{folder} is a bundle of {known}.")
    elif folder.exists() and not {each.name for each in folder.iterdir()} <= {*FOLDERS, PART}:
        raise NotAsAskedError(f"{folder} is not empty, and no bundle.")


def _known(folder: Path) -> int:
    """The greatest size of which there is a checkpoint."""
    return max((int(each.name) for each in folder.iterdir() if re.fullmatch("[1-9][0-9]{0,18}", each.name)), default=0)


def _put(folder: Path, file: Path, content: bytes) -> None:
    """All of it or nothing, whenever this is cut off."""
    (folder / PART).write_bytes(content)
    (folder / PART).replace(file)


def _name(file: Path, note: str) -> Path:
    """Where a checkpoint is kept: in the place of one that says the same, beside one of the same size that does not,
    which whoever was shown it keeps as proof."""
    said = read_note(note).text
    same = not file.exists() or file.read_text(encoding="utf-8").partition("\n\n")[0] == said.removesuffix("\n")
    return file if same else file.with_name(f"{file.name}{parts.OTHER}")


def _standings(sillok: Sillok, programme: str, folder: Path) -> int:
    """What the service shows of each stage; up to which position."""
    upto = 0
    try:
        stages = msgspec.convert(sillok.view(programme, "charter"), _Staged).stages
    except msgspec.ValidationError as error:
        raise NotAsAskedError(f"The service shows a charter that is none: {error}.") from None
    for stage in stages:
        file = folder / f"{stage.id}.json"
        file.unlink(missing_ok=True)
        try:
            found = sillok.standings(programme, stage=stage.id)
        except ServiceProblemError as error:
            if error.problem.slug != "unknown-stage":
                raise
            continue  # it was not opened yet
        if isinstance(found, Standings):
            file.write_bytes(msgspec.json.encode(found) + b"\n")
            upto = max(upto, found.position)
    return upto


def covering(sillok: Sillok, position: int, *, known: int = 0) -> tuple[str, Checkpoint]:
    """The last checkpoint, unverified, once it covers a position; that of the position's receipt while witnesses do not
    come to enough, as the service serves the last that they have. Raises `NotAsAskedError`.

    `known`: a size that was signed before, which it covers as well, or whoever looks at it says that it does not.
    """
    began, wanted = time.monotonic(), max(position, known)
    while True:
        note, found = _read(sillok.checkpoint())
        waited = time.monotonic() - began
        if found.size < wanted and waited > WITNESS_SECONDS:
            note, found = _read(_of_receipt(sillok, wanted) or note)
            wanted = position
        if found.size >= wanted:
            return note, found
        if waited > SEAL_SECONDS:
            raise NotAsAskedError(f"Position {position} is not sealed: the last checkpoint covers {found.size}.")
        time.sleep(0.2)


def _read(note: str) -> tuple[str, Checkpoint]:
    try:
        return note, read_checkpoint(read_note(note).text)
    except NoteError as error:
        raise NotAsAskedError(f"The service shows a checkpoint that is none: {error}.") from None


def _of_receipt(sillok: Sillok, position: int) -> str | None:
    """The checkpoint that a position's receipt is of, if it has one yet."""
    try:
        return sillok.receipt(position, seconds=0).partition("\n\n")[2]
    except ServiceProblemError as error:
        if error.problem.slug != "not-sealed":
            raise
        return None


def _leaves(sillok: Sillok, file: Path, size: int) -> None:
    """Those that are there stay as they are for ever."""
    with file.open("ab") as output:
        first = output.tell() // HASH_BYTES
        output.truncate(first * HASH_BYTES)
        for after in range(first, size, LEAVES):
            output.write(sillok.leaves(after=after, upto=min(after + LEAVES, size)))


def _events(sillok: Sillok, programme: str, file: Path, size: int, progress: Progress) -> None:
    """Ends early where the service has no more: the verifier says what that means."""
    reached = _whole_lines(file)
    with file.open("ab") as output, closing(_stretches(sillok, programme, reached, size)) as stretches:
        progress(reached, size)
        for upto, reached, lines in stretches:
            output.write(lines)
            progress(reached, size)
            if reached < upto:
                return


def _stretches(sillok: Sillok, programme: str, after: int, size: int) -> Generator[tuple[int, int, bytes], None, None]:
    """Where each is to end, how far it goes, and its lines; the service makes the next while one is written."""
    asked: deque[tuple[int, Future[tuple[int, bytes]]]] = deque()
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="export") as asking:
        try:
            for first in range(after, size, EXPORT_PAGE):
                upto = min(first + EXPORT_PAGE, size)
                asked.append((upto, asking.submit(_stretch, sillok, programme, first, upto)))
                if len(asked) > AHEAD:
                    upto, found = asked.popleft()
                    yield upto, *found.result()
            for upto, found in asked:
                yield upto, *found.result()
        finally:
            asking.shutdown(wait=False, cancel_futures=True)


def _stretch(sillok: Sillok, programme: str, after: int, upto: int) -> tuple[int, bytes]:
    """How far the service goes, and its lines. Raises `NotAsAskedError`, `ServiceError`."""
    pages: list[bytes] = []
    while after < upto and (page := sillok.export_page(programme=programme, after=after, size=upto)):
        before, after = after, _position(page[page.rfind(b"\n", 0, -1) + 1 :])
        if after <= before:
            raise NotAsAskedError(f"The service goes on after position {before} with position {after}.")
        pages.append(page)
    return after, b"".join(pages)


def _whole_lines(file: Path) -> int:
    """The position of the last whole line of a file; one that was cut off is taken away."""
    if not file.exists():
        return 0
    with file.open("r+b") as lines:
        end, last = 0, b""
        for line in lines:
            if line.endswith(b"\n"):
                end, last = end + len(line), line
        lines.truncate(end)
    return _position(last) if last else 0


class _Placed(msgspec.Struct):
    position: int


def _position(line: bytes) -> int:
    """Raises `NotAsAskedError`."""
    try:
        return msgspec.json.decode(line, type=_Placed).position
    except msgspec.DecodeError as error:
        raise NotAsAskedError(f"A line of {parts.EVENTS} is no event: {error}.") from None


def _charters(folder: Path) -> None:
    """Each by the hash that it has, whatever its event says: nothing of this is verified yet."""
    for text in _charter_lines(folder / parts.EVENTS):
        try:
            data = parts.read_line(text).data
            document = msgspec.json.decode(data or b"", type=_WithDocument).document.encode()
        except ValueError:
            continue  # the verifier says what that means
        (folder / parts.CHARTERS / f"{rules_hash(document)}.json").write_bytes(document)


def _charter_lines(events: Path) -> Iterator[bytes]:
    """Found by how their type begins as the service writes it: to decode every line takes longer than to ask for it."""
    if events.stat().st_size == 0:
        return
    with events.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        at = -1
        while (at := text.find(_CHARTERS, at + 1)) >= 0:
            text.seek(text.rfind(b"\n", 0, at) + 1)
            yield text.readline()


def _schemas(folder: Path) -> None:
    """JSON Schema of every event's data, in its current version, and of the envelope."""
    for name, of in {**EVENTS, "envelope": PrivateEnvelope}.items():
        (folder / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(msgspec.json.schema(of))))
