"""Maxima that add up: what a node of the rubric has at least and at most, its own maximum known or not."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from domain.fault import value
from domain.points import SCALE
from domain.rubric import TOTAL, Assessment, Criterion, Item, Stage

Node = Stage | Assessment | Criterion | Item


UNBOUNDED: Final = Fraction("9" * 15)
"""More than any sum of points that can be written: the bound of what has no known maximum."""


class Span(NamedTuple):
    """`most`: `None` where nothing in the node says."""

    least: Fraction
    most: Fraction | None


def parts_of(node: Node) -> Sequence[Node]:
    match node:
        case Stage(assessments=parts):
            return parts
        case Assessment(criteria=parts):
            return parts
        case Criterion(items=parts):
            return parts
        case _:
            return ()


def span(node: Node) -> Span:
    """Its maximum; where that is undisclosed, between which its parts leave it."""
    own = value(node.maximum)
    if own is not None:
        return Span(own, own)
    parts = parts_of(node)
    return together(parts) if parts else Span(Fraction(0), None)


def together(parts: Sequence[Node]) -> Span:
    """Between which the maxima of parts add up."""
    spans = [span(each) for each in parts]
    most = [each.most for each in spans if each.most is not None]
    whole = sum(most, Fraction(0)) if len(most) == len(spans) else None
    return Span(sum((each.least for each in spans), Fraction(0)), whole)


def reach(stage: Stage, name: str) -> Fraction | None:
    """The most that a node reaches, by its name (`Stage.nodes`): its own, or what the rest leaves of the whole."""
    path: list[Node] = [stage]
    for step in () if name == TOTAL else name.split("/"):
        path.append(next(each for each in parts_of(path[-1]) if getattr(each, "id", None) == step))
    return _most(path)


def _most(path: Sequence[Node]) -> Fraction | None:
    *above, node = path
    own = span(node).most
    if own is not None or not above or (whole := _most(above)) is None:
        return own
    return whole - together([each for each in parts_of(above[-1]) if each is not node]).least


def maxima(stage: Stage) -> dict[str, int]:
    """What every node reaches, by its name and in units; `UNBOUNDED`, or what is left of that, if nothing says."""
    found: dict[str, int] = {}
    _spread(TOTAL, stage, UNBOUNDED, found)
    return found


def _spread(name: str, node: Node, room: Fraction, found: dict[str, int]) -> None:
    """`room`: what the rest leaves to the node."""
    own = span(node).most
    most = room if own is None else own
    found[name] = int(most * SCALE)
    if isinstance(node, Criterion):
        return
    parts = parts_of(node)
    spare = most - together(parts).least
    for part in parts:
        inside = "" if name == TOTAL else f"{name}/"
        _spread(f"{inside}{getattr(part, 'id', '')}", part, spare + span(part).least, found)
