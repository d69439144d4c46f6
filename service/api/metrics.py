"""Figures for operators, in the text format of Prometheus: where ledger, tree and each build of each view stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from litestar import Response, get
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.note import verifier_key
from service.api.parts import Wired
from service.application.seal_ports import SealFigures
from service.application.view_ports import Build
from service.application.witness_ports import WitnessFigures

MEDIA_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"
T = TypeVar("T")
_LABELS: Final = ("view", "version", "programme", "state")

_GAUGES: Final[dict[str, tuple[str, Callable[[Build], float]]]] = {
    "sillok_projection_position": ("Up to which position a build is folded.", lambda build: build.position),
    "sillok_projection_positions_behind": ("Positions that are not folded yet.", lambda build: build.positions_behind),
    "sillok_projection_seconds_behind": (
        "Age of the first event of the programme that is not folded yet.",
        lambda build: build.seconds_behind,
    ),
    "sillok_projection_halted": ("1 if an event could not be folded.", lambda build: build.stale is not None),
    "sillok_projection_paused": ("1 if an operator paused it.", lambda build: build.paused),
}
_COUNTERS: Final[dict[str, tuple[str, Callable[[Build], float]]]] = {
    "sillok_projection_events": ("Events folded.", lambda build: build.events),
    "sillok_projection_batches": ("Transactions that folded them.", lambda build: build.batches),
    "sillok_projection_halts": ("How often an event could not be folded.", lambda build: build.halts),
}


_OF_SEALING: Final[dict[str, tuple[str, Callable[[SealFigures], float]]]] = {
    "sillok_seal_position": ("Up to which position a checkpoint covers the ledger.", lambda seal: seal.published),
    "sillok_seal_positions_behind": ("Positions that no checkpoint covers.", lambda seal: seal.head - seal.published),
    "sillok_seal_seconds_behind": (
        "Age of the first event that no checkpoint covers.",
        lambda seal: seal.seconds_behind,
    ),
    "sillok_seal_halted": ("1 if ledger, tree and signer contradict each other.", lambda seal: seal.halted is not None),
}
_COUNTED_IN_SEALING: Final[dict[str, tuple[str, Callable[[SealFigures], float]]]] = {
    "sillok_seal_batches": ("Transactions that extended the tree.", lambda seal: seal.batches),
    "sillok_seal_checkpoints": ("Checkpoints that were signed.", lambda seal: seal.checkpoints),
    "sillok_seal_halts": ("How often sealing halted.", lambda seal: seal.halts),
}

_OF_WITNESSES: Final[dict[str, tuple[str, Callable[[WitnessFigures], float | None]]]] = {
    "sillok_witness_position": ("The last size that a witness cosigned.", lambda witness: witness.size),
    "sillok_witness_seconds_since": ("How long ago that was.", lambda witness: witness.seconds_since),
}
_COUNTED_OF_WITNESSES: Final[dict[str, tuple[str, Callable[[WitnessFigures], float | None]]]] = {
    "sillok_witness_failures": ("How often it gave no answer, or none of use.", lambda witness: witness.failures),
    "sillok_witness_contradictions": (
        "How often its answer contradicted the log, or what it answered before.",
        lambda witness: witness.contradictions,
    ),
}


class _Figures(Collector):
    def __init__(
        self, head: int, builds: Sequence[Build], sealing: SealFigures, witnesses: Sequence[WitnessFigures]
    ) -> None:
        self._head = head
        self._builds = builds
        self._sealing = sealing
        self._witnesses = witnesses

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("sillok_ledger_position", "The last position of the ledger.", value=self._head)
        for name, (meaning, of) in _OF_SEALING.items():
            yield GaugeMetricFamily(name, meaning, value=float(of(self._sealing)))
        for name, (meaning, of) in _COUNTED_IN_SEALING.items():
            yield CounterMetricFamily(name, meaning, value=float(of(self._sealing)))
        witnesses = [((verifier_key(each.witness).name,), each) for each in self._witnesses]
        yield from _labelled(GaugeMetricFamily, _OF_WITNESSES, ("witness",), witnesses)
        yield from _labelled(CounterMetricFamily, _COUNTED_OF_WITNESSES, ("witness",), witnesses)
        builds = [((each.view, str(each.version), each.partition, each.state), each) for each in self._builds]
        yield from _labelled(GaugeMetricFamily, _GAUGES, _LABELS, builds)
        yield from _labelled(CounterMetricFamily, _COUNTERS, _LABELS, builds)


def _labelled(
    family: type[GaugeMetricFamily | CounterMetricFamily],
    metrics: Mapping[str, tuple[str, Callable[[T], float | None]]],
    labels: Sequence[str],
    rows: Sequence[tuple[Sequence[str], T]],
) -> Iterator[Metric]:
    """Each figure of each row that has it."""
    for name, (meaning, of) in metrics.items():
        found = family(name, meaning, labels=labels)
        for values, row in rows:
            if (figure := of(row)) is not None:
                found.add_metric(values, float(figure))
        yield found


def metrics_text(
    head: int, builds: Sequence[Build], sealing: SealFigures, witnesses: Sequence[WitnessFigures] = ()
) -> bytes:
    """All figures, as `MEDIA_TYPE` says."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(head, builds, sealing, witnesses))
    return generate_latest(registry)


@get("/metrics")
async def metrics(parts: Wired) -> Response[bytes]:
    """Read from the database: whichever API process is asked, the figures are those of the whole service."""
    text = await parts.run_at_once(
        lambda: metrics_text(parts.ready(), parts.builds.every(), parts.sealing(), parts.witnesses())
    )
    return Response(text, media_type=MEDIA_TYPE)
