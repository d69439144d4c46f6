"""Grants: what there is of each resource, and who was granted what. Keys: `pool/<resource>` · `grant/<id>`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from domain.grants import ResourceGranted, ResourcePoolSet, peak
from domain.views import Occurrence, Rows, View, encode_row, keyed, one_by_one


class GrantRow(msgspec.Struct, frozen=True, kw_only=True):
    grant: str
    team: str
    resource: str
    quantity: str | None
    starts: str
    ends: str
    position: int


class PoolRow(msgspec.Struct, frozen=True, kw_only=True):
    resource: str
    quantity: str | None
    starts: str
    ends: str
    position: int


class ResourceUse(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: its pool, the most ever granted at one time (null: uncounted), and its grants by id."""

    resource: str
    pool: PoolRow | None
    peak_granted: str | None
    grants: tuple[GrantRow, ...]


def fold(rows: Rows, occurrences: Iterable[Occurrence]) -> None:
    """One row a pool and one a grant."""

    def take(occurrence: Occurrence) -> None:
        event = occurrence.event
        if isinstance(event, ResourcePoolSet):
            pool = PoolRow(**msgspec.structs.asdict(event), position=occurrence.position)
            rows.put(f"pool/{event.resource}", encode_row(pool))
        elif isinstance(event, ResourceGranted):
            grant = GrantRow(**msgspec.structs.asdict(event), position=occurrence.position)
            rows.put(f"grant/{event.grant}", encode_row(grant))

    one_by_one(occurrences, take)


def resource_use(rows: Iterable[tuple[str, bytes]]) -> tuple[ResourceUse, ...]:
    """Every resource that has a pool, with its grants, from the rows of the view."""
    stored = list(rows)
    pools = [
        msgspec.json.decode(value, type=PoolRow)
        for _key, value in keyed([row for row in stored if row[0].startswith("pool/")], "pool/")
    ]
    grants = [msgspec.json.decode(value, type=GrantRow) for key, value in stored if key.startswith("grant/")]
    uses = []
    for pool in pools:
        granted = tuple(grant for grant in grants if grant.resource == pool.resource)
        uses.append(
            ResourceUse(
                resource=pool.resource,
                pool=pool,
                peak_granted=None if pool.quantity is None else str(peak(granted)),
                grants=granted,
            )
        )
    return tuple(uses)


GRANTS = View(name="grants", version=1, fold=fold)
