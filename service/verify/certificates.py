"""Whether every checkpoint that a certificate names is one of this very log."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from domain.certificates import CertificateIssued
from domain.merkle import Nodes, nodes_over, root
from service.verify.faults import Fault


def certificate_faults(
    certificates: Sequence[tuple[int, CertificateIssued]], leaves: Sequence[bytes]
) -> Iterator[Fault]:
    """Certificates, each with its position, against the leaves of the record that was found whole."""
    nodes = nodes_over(leaves[: max((certificate.size for _position, certificate in certificates), default=0)])
    for position, certificate in certificates:
        if not 0 < certificate.size < position or _root(nodes, certificate.size) != certificate.root:
            detail = f"{certificate.agency} certified another root of the first {certificate.size} events"
            yield Fault("forked", position, detail)


def _root(nodes: Nodes, size: int) -> str:
    return base64.b64encode(root(nodes, size)).decode()
