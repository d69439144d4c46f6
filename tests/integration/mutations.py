"""What anybody may do to a file of a bundle that they hand on. Each is done to a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from service.verify.bundle import CHARTERS, CHECKPOINTS, EVENTS, LEAVES, MANIFEST, STANDINGS

Mutation = Callable[[Path], object]
Change = Callable[[bytes], bytes]
DEEP = b"[" * 100_000 + b"]" * 100_000


def mutations(bundle: Path) -> Iterator[tuple[str, Mutation]]:
    """All of them, for a bundle with lines of two programmes."""
    lines = (bundle / EVENTS).read_bytes().splitlines(keepends=True)
    programme = json.loads((bundle / MANIFEST).read_bytes())["programme"]
    own, other = ([n for n, line in enumerate(lines) if (b"data" in line) == whose] for whose in (True, False))
    for field, value in json.loads(lines[own[9]]).items():
        for name, content in _values(value):
            yield f"a line of the programme: {field} {name}", in_line(own[9], field, content)
    for field, value in json.loads(lines[own[9]]).items():
        if field not in json.loads(lines[other[0]]):
            yield f"a line of another: {field}", in_line(other[0], field, value)
    at, last = own[9], len(lines)
    yield from {
        "a line: a name more": in_line(at, "note", "x"),
        "a line: a name twice": on_line(at, lambda line: b'{"data":"{}",' + line[1:]),
        "a line: spaces": on_line(at, lambda line: line.replace(b'","', b'", "', 1)),
        "a line: cut": on_line(at, lambda line: line[:50] + b"\n"),
        "a line: empty": on_line(at, lambda _line: b"\n"),
        "a line: a list": on_line(at, lambda _line: b"[]\n"),
        "a line: with a mark of order": on_line(at, lambda line: b"\xef\xbb\xbf" + line),
        "a line: no text": on_line(at, lambda line: line.replace(b"a", b"\xff", 1)),
        "a line: too deep": on_line(at, lambda line: line.replace(b'"tags":', b'"tags":' + DEEP + b',"tags":')),
        "a line: bytes in another way": on_line(at, otherwise_written("salt")),
        "a line edited before one that is omitted": both(
            in_line(at, "tags", []), in_lines(lambda lines: lines.__delitem__(at + 3))
        ),
        "a line that is none before one that is omitted": both(
            in_lines(lambda lines: lines.__delitem__(at + 3)), on_line(at, lambda _line: b"{}\n")
        ),
        "lines: one more": in_lines(lambda lines: lines.append(lines[-1])),
        "lines: an empty one more": in_lines(lambda lines: lines.insert(at, b"\n")),
        "lines: one omitted": in_lines(lambda lines: lines.__delitem__(at)),
        "lines: the first omitted": in_lines(lambda lines: lines.__delitem__(0)),
        "lines: two omitted": in_lines(lambda lines: lines.__delitem__(slice(at, at + 2))),
        "lines: the last omitted": in_lines(lambda lines: lines.__delitem__(-1)),
        "lines: one moved to the end": in_lines(lambda lines: lines.append(lines.pop(at))),
        "lines: reversed": in_lines(lambda lines: lines.reverse()),
        "lines: the last without its end": in_lines(lambda lines: lines.append(lines.pop()[:-1])),
        "lines: none": in_lines(lambda lines: lines.clear()),
        "leaves: gone": lambda folder: (folder / LEAVES).unlink(),
        "leaves: cut": in_file(LEAVES, lambda content: content[:-33]),
        "leaves: more": in_file(LEAVES, lambda content: content + bytes(32)),
        "leaves: another": in_file(LEAVES, lambda content: content[:32] + bytes(32) + content[64:]),
        "manifest: another programme": in_json(MANIFEST, lambda found: found.update(programme="nothing")),
        "manifest: the other programme": in_json(MANIFEST, lambda found: found.update(programme="elsewhere")),
        "manifest: another log": in_json(MANIFEST, lambda found: found.update(log="x")),
        "manifest: another format": in_json(MANIFEST, lambda found: found.update(format="x")),
        "manifest: less": in_json(MANIFEST, lambda found: found.update(size=last - 1)),
        "manifest: more": in_json(MANIFEST, lambda found: found.update(size=last + 1)),
        "manifest: a text": in_json(MANIFEST, lambda found: found.update(size=str(last))),
        "manifest: no log": in_json(MANIFEST, lambda found: found.pop("log")),
        "manifest: a name twice": in_file(MANIFEST, lambda content: b'{"size":3,' + content[1:]),
        "manifest: with a mark of order": in_file(MANIFEST, lambda content: b"\xef\xbb\xbf" + content),
        "manifest: too deep": in_file(MANIFEST, lambda _content: DEEP),
        "manifest: a list": in_file(MANIFEST, lambda _content: b"[]"),
        "manifest: gone": lambda folder: (folder / MANIFEST).unlink(),
        "leaves: a folder": a_folder(LEAVES),
        "charters: one that is a folder": lambda folder: (folder / CHARTERS / "x.json").mkdir(),
        "charters: a folder in the place of one": lambda folder: a_folder(
            str(next((folder / CHARTERS).iterdir()).relative_to(folder))
        )(folder),
        "events: gone": lambda folder: (folder / EVENTS).unlink(),
        "checkpoints: gone": lambda folder: shutil.rmtree(folder / CHECKPOINTS),
        "checkpoints: a folder": lambda folder: (folder / CHECKPOINTS / "7").mkdir(),
        "checkpoints: by another name": in_file(
            f"{CHECKPOINTS}/{last}", lambda content: content, to=f"{CHECKPOINTS}/7"
        ),
    }.items()
    note: dict[str, Change] = {
        "without its end": lambda content: content[:-1],
        "with a line that is no signature": lambda content: content + "— x y!\n".encode(),
        "with somebody's signature": lambda content: content + "— x AAAAAAAAAAA=\n".encode(),
        "with a signature of nothing": lambda content: content + "— x AAAAAA==\n".encode(),
        "with other ends of lines": lambda content: content.replace(b"\n", b"\r\n"),
        "with another root": lambda content: content.replace(b"\n\n", b"A\n\n"),
        "with no signature": lambda content: content[: content.index(b"\n\n") + 2],
        "no text": lambda content: b"\xff" + content,
        "empty": lambda _content: b"",
    }
    for name, change in note.items():
        yield f"a checkpoint: {name}", in_file(f"{CHECKPOINTS}/{last}", change)
    heat = f"{STANDINGS}/heat.json"
    shown: dict[str, Callable[[Any], object]] = {
        "another programme": lambda found: found.update(programme="x"),
        "another stage": lambda found: found.update(stage="x"),
        "another data set": lambda found: found.update(data_set="live"),
        "another position": lambda found: found.update(position=found["position"] + 1),
        "an early position": lambda found: found.update(position=0),
        "a position that is none": lambda found: found.update(position=True),
        "a status that is none": lambda found: found["rows"][0].update(status="x"),
        "a number in other words": lambda found: found["rows"][0]["rank"].update(best=1.0),
        "a statement": lambda found: found["statements"].append({}),
        "a name more": lambda found: found.update(note="x"),
        "a name more in a row": lambda found: found["rows"][0].update(note="x"),
        "a row less": lambda found: found["rows"].pop(),
        "rows that are none": lambda found: found.update(rows=3),
        "no rows": lambda found: found.pop("rows"),
    }
    for what, change_shown in shown.items():
        yield f"standings: {what}", in_json(heat, change_shown)
    text: dict[str, Change] = {
        "written with spaces": lambda content: content.replace(b":", b": "),
        "a name twice": lambda content: b'{"digest":"x",' + content[1:],
        "cut": lambda content: content[:200],
        "empty": lambda _content: b"",
        "a list": lambda _content: b"[]",
        "too deep": lambda _content: DEEP,
    }
    for what, change_text in text.items():
        yield f"standings: {what}", in_file(heat, change_text)
    assert programme != "elsewhere"


def _values(value: Any) -> Iterator[tuple[str, Any]]:
    yield from (("gone", ...), ("null", None), ("a list", [5]))
    if isinstance(value, int):
        yield from (("one more", value + 1), ("negative", -value), ("huge", 2**70), ("a float", float(value)))
        yield from (("a text", str(value)), ("true", True))
    elif isinstance(value, str):
        yield from (("a number", 5), ("another", value[:-3] + ("A" if value[-3] != "A" else "B") + value[-2:]))
        yield "empty", ""
        if value.endswith("Z"):
            yield "in another zone", value.replace("Z", "+00:00")
    else:
        yield from (("one more", [*value, "x"]), ("reversed", value[::-1]))


def in_file(name: str, change: Change, *, to: str = "") -> Mutation:
    def mutate(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / (to or name)).write_bytes(change(content))

    return mutate


def a_folder(name: str) -> Mutation:
    def mutate(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return mutate


def in_json(name: str, change: Callable[[Any], object]) -> Mutation:
    def and_back(content: bytes) -> bytes:
        found = json.loads(content)
        change(found)
        return json.dumps(found, ensure_ascii=False).encode()

    return in_file(name, and_back)


def in_lines(change: Callable[[list[bytes]], object]) -> Mutation:
    def and_back(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        change(lines)
        return b"".join(lines)

    return in_file(EVENTS, and_back)


def on_line(at: int, change: Change) -> Mutation:
    return in_lines(lambda lines: lines.__setitem__(at, change(lines[at])))


def in_line(at: int, field: str, value: Any) -> Mutation:
    """`...`: without it."""

    def and_back(line: bytes) -> bytes:
        found = {**json.loads(line), field: value}
        kept = {name: each for name, each in found.items() if each is not ...}
        return json.dumps(kept, ensure_ascii=False).encode() + b"\n"

    return on_line(at, and_back)


def otherwise_written(field: str) -> Change:
    """In base64 whose last letter has bits that say nothing."""

    def and_back(line: bytes) -> bytes:
        old: str = json.loads(line)[field]
        assert old.endswith("==")
        letter = old[-3]
        return line.replace(old.encode(), (old[:-3] + chr(ord(letter) + 1) + "==").encode())

    return and_back


def both(*mutations: Mutation) -> Mutation:
    def mutate(folder: Path) -> None:
        for each in mutations:
            each(folder)

    return mutate
