"""Whom the service connects to on somebody else's word: a guard against requests to what only the service can reach.

A name is resolved once, every address that it has must be allowed, and the connection goes to one of those addresses.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

Reach = Literal["global", "loopback"]
"""`global`: HTTPS at port 443 of addresses that anybody reaches. `loopback`: this machine, at any port."""
REACHES: Final[tuple[Reach, ...]] = get_args(Reach)
Resolve = Callable[[str, int], Sequence[str]]

HTTPS: Final = 443
_LENGTH: Final = 2000
_PRINTABLE: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
# The last label begins with a letter: nothing in it can be read as a number, decimal, octal or hexadecimal.
_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOOPBACK_NAME: Final = "localhost"
_UNICAST: Final = IPv6Network("2000::/3")
"""All that is given out of IPv6; outside are those that stand for IPv4 addresses, such as NAT64's."""
_WITHIN: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Of those: what is for protocols and documentation, or stands for IPv4 addresses."""
_OF_PROTOCOLS: Final = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))


class UnreachableAddressError(ValueError):
    """Nothing is sent there; the sentence says why."""


def require_reachable(url: str, reach: Reach) -> tuple[str, int]:
    """Host and port of a URL to which webhooks may go. Raises `UnreachableAddressError`. Looks no name up."""
    if len(url) > _LENGTH or _PRINTABLE.fullmatch(url) is None:
        raise UnreachableAddressError(f"a URL is at most {_LENGTH} printable ASCII characters, without a backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UnreachableAddressError("it is no URL") from None
    if "@" in parts.netloc:
        raise UnreachableAddressError("a URL with a user or password in it is not taken")
    if "#" in url:
        raise UnreachableAddressError("a URL with a fragment is not taken")
    if reach == "loopback":
        if parts.scheme not in ("http", "https"):
            raise UnreachableAddressError("a URL begins with https://, or on this machine http://")
        if host != _LOOPBACK_NAME and not _is_loopback(_literal(host)):
            raise UnreachableAddressError(
                "only http://localhost, 127.0.0.1 or [::1] is taken here: it is no live programme"
            )
        return host, port or (HTTPS if parts.scheme == "https" else 80)
    if parts.scheme != "https":
        raise UnreachableAddressError("a URL begins with https://")
    if port not in (None, HTTPS):
        raise UnreachableAddressError(f"the port is {HTTPS}")
    if (literal := _literal(host)) is not None:
        _require(literal, reach)
    elif len(host) > 253 or _NAME.fullmatch(host) is None:
        raise UnreachableAddressError("its host is no name in the DNS, such as hooks.example.org")
    return host, HTTPS


def addresses(host: str, port: int, reach: Reach, resolve: Resolve | None = None) -> Sequence[str]:
    """Where to connect to for a host. Raises `UnreachableAddressError` if any of its addresses is not allowed.

    `resolve`: asked once; a name that resolves otherwise a moment later gains nothing.
    """
    found = list(dict.fromkeys((resolve or look_up)(host, port)))
    if not found:
        raise UnreachableAddressError("its name has no address")
    for each in found:
        literal = _literal(each)
        if literal is None:
            raise UnreachableAddressError("its name has no address")
        _require(literal, reach)
    return found


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name; none if it has none."""
    try:
        return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def _require(address: IPv4Address | IPv6Address, reach: Reach) -> None:
    if reach == "loopback":
        if not _is_loopback(address):
            raise UnreachableAddressError("it is not on this machine, and this is no live programme")
    elif not _is_global(address):
        raise UnreachableAddressError("it is at an address that not everybody reaches")


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        within = address in _UNICAST and not any(address in each for each in _WITHIN)
        return within and address.scope_id is None and address.is_global
    of_protocols = any(address in each for each in _OF_PROTOCOLS)
    return address.is_global and not (address.is_multicast or address.is_reserved or of_protocols)


def _is_loopback(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and str(address) in ("127.0.0.1", "::1")


def _literal(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
