"""Whether the record is whole: every entry from what it commits to, the tree from every entry, the root as signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.merkle import leaf_hash, nodes_over, root
from service.verify.bundle import LEAVES, Bundle, Line
from service.verify.faults import Fault
from service.verify.strict_json import read_json


def record_faults(bundle: Bundle, roots: Mapping[int, bytes], *, public: bool) -> Iterator[Fault]:
    """What is wrong with the record, at most one fault, the first.

    `roots`: those that were signed, by size; the greatest size is the bundle's. `public`: what events commit to may be
    left out.
    """
    size = max(roots)
    own: list[bytes] = []
    fault, recorded_at, sound = None, "", True
    for position, line in enumerate(bundle.lines(), start=1):
        entry = _entry(line, position)
        if line.position != position or entry != line.entry:
            sound = False
            break
        own.append(leaf_hash(entry))
        fault = _content_fault(line, bundle.manifest.programme, public)
        if fault is None and line.recorded_at < recorded_at:
            fault = Fault("reordered", position, "it was recorded before the event that stands before it")
        if fault is not None:
            break
        recorded_at = line.recorded_at
    nodes = nodes_over(own)
    found = {each: root(nodes, each) for each in roots if each <= len(own)}
    leaves = bundle.leaves()
    if fault is None and sound and len(own) == size and found[size] == roots[size]:
        yield from _earlier(roots, found)
        yield from _leaves_fault(leaves, own)
        return
    known = leaves if root_of(leaves) == roots[size] else []
    faults = [each for each in (_first_fault(list(bundle.lines()), known, size), fault) if each is not None]
    yield min(faults, key=lambda each: each.position) if faults else _forked(roots, found, size)


def _entry(line: Line, position: int) -> bytes:
    """The entry that a line makes at a position; none where it makes none."""
    try:
        return line.entry_at(position)
    except ValueError:
        return b""


def _content_fault(line: Line, programme: str, public: bool) -> Fault | None:
    """What nobody vouches for but the line itself. Of another programme, and for the public, nothing need be there."""
    if line.withheld:
        if line.programme == programme and not public:
            return Fault("removed", line.position, "what the event says is left out")
        if line.is_bare:
            return None
        return Fault("edited", line.position, "a part stands there that is not hashed without the others")
    try:
        envelope = _read(line.envelope)
        _read(line.data)
    except ValueError as error:
        return Fault("edited", line.position, f"its envelope, its data, or a command in them: {error}")
    if (line.event_id, [*(line.tags or ())]) != (envelope.get("event_id"), envelope.get("tags")):
        return Fault("edited", line.position, "its id or tags are not those of its envelope")
    return None


def _read(text: str | None) -> Mapping[str, Any]:
    """What an envelope or data says, and the command in it can be read in one way. Raises `ValueError`."""
    match read_json((text or "").encode()):
        case dict() as said:
            if isinstance(command := said.get("command"), str):
                read_json(command.encode())
            return said
        case _:
            raise ValueError("it is no object")


def _first_fault(lines: Sequence[Line], leaves: Sequence[bytes], size: int) -> Fault | None:
    """Where the lines first differ from the leaves, or from themselves without any, and what was done there."""
    for position, line in enumerate(lines, start=1):
        if position > size:
            return Fault("inserted", position, f"the log signed {size} events")
        if line.position != position or line.entry != _entry(line, position) or not _stands(line, position, leaves):
            return _named(lines, leaves, position, size)
    if len(lines) < size:
        return Fault("truncated", len(lines) + 1, f"the record ends, and the log signed {size} events")
    return None


def _stands(line: Line, position: int, leaves: Sequence[bytes]) -> bool:
    """Whether the line belongs at a position: by the leaf there, by what it says itself where leaves are not known."""
    return leaf_hash(_entry(line, position)) == leaves[position - 1] if leaves else line.position == position


def _named(lines: Sequence[Line], leaves: Sequence[bytes], position: int, size: int) -> Fault:
    """What was done at the first position that is wrong: where its event is, and where that of the line belongs."""
    line = lines[position - 1]
    if _stands(line, position, leaves):
        return Fault("edited", position, f"this {line.type} and its entry differ")
    later = any(_stands(each, position, leaves) for each in lines[position:])
    belongs = next((at for at in range(1, size + 1) if _stands(line, at, leaves)), 0)
    if later and belongs > position:
        return Fault("reordered", position, f"the event that stands here belongs to position {belongs}")
    if later or 0 < belongs < position:
        return Fault("inserted", position, f"a {line.type or 'line'} that the log has not here")
    if belongs or line.position > position:
        return Fault("removed", position, "the event of the log is not there")
    return Fault("edited", position, f"this {line.type or 'line'} is not what the log signed")


def _forked(roots: Mapping[int, bytes], found: Mapping[int, bytes], size: int) -> Fault:
    other = min(each for each in roots if found.get(each) != roots[each])
    same = max((each for each in roots if each < other), default=0)
    return Fault(
        "forked", same + 1, f"the record is another one than the log signed, after its first {same} of {size} events"
    )


def _earlier(roots: Mapping[int, bytes], found: Mapping[int, bytes]) -> Iterator[Fault]:
    """An earlier tree that this one does not begin with was signed for somebody else."""
    for size in sorted(roots):
        if found[size] != roots[size]:
            yield _forked(roots, found, size)
            return


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over leaves."""
    return root(nodes_over(leaves), len(leaves))


def _leaves_fault(leaves: Sequence[bytes], own: Sequence[bytes]) -> Iterator[Fault]:
    if list(leaves) != list(own):
        shorter = min(len(leaves), len(own))
        at = next((n for n in range(shorter) if leaves[n] != own[n]), shorter)
        yield Fault("edited", at + 1, f"the file {LEAVES}, not the record")
