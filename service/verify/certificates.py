"""Whether every checkpoint that a certificate names is one of this very log."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from domain.certificates import CertificateIssued
from domain.merkle import Frontier
from service.verify.faults import Fault


def certificate_faults(
    certificates: Sequence[tuple[int, CertificateIssued]], leaves: Sequence[bytes]
) -> Iterator[Fault]:
    """Certificates, each with its position, against the leaves of the record that was found whole."""
    wanted = {certificate.size for _position, certificate in certificates}
    roots: dict[int, str] = {}
    edge = Frontier()
    for leaf in leaves[: max(wanted, default=0)]:
        for _node in edge.add(leaf):
            pass
        if edge.size in wanted:
            roots[edge.size] = base64.b64encode(edge.root).decode()
    for position, certificate in certificates:
        if certificate.size >= position or roots.get(certificate.size) != certificate.root:
            detail = f"{certificate.agency} certified another root of the first {certificate.size} events"
            yield Fault("forked", position, detail)
