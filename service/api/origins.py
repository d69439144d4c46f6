"""Where a request comes from: what a proxy says of it is believed of the proxies in the settings only."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network


class Origins:
    """`proxies`: addresses or networks, as text. Raises `ValueError` if one is none."""

    def __init__(self, proxies: Sequence[str] = ()) -> None:
        self._proxies = [ip_network(each) for each in proxies]

    def of(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """Whose failures are counted together: an IPv4 address, or the 64 bits of network that one customer has.

        `peer`: who connected. `forwarded_for`: the values of `X-Forwarded-For`, to which each proxy adds at the end.
        """
        said = [each.strip() for value in forwarded_for for each in value.split(",")]
        address = _parsed(peer)
        while said and address is not None and any(address in each for each in self._proxies):
            before = _parsed(said.pop())
            if before is None:
                break
            address = before
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, 64), strict=False))
        return peer if address is None else str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
