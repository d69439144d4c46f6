"""Whom a client takes for the service."""

from __future__ import annotations

import ssl

import httpx


def trust(url: str) -> ssl.SSLContext:
    """The authorities that certificates are checked by; none are read for a service without TLS: that takes 40 ms."""
    return (
        httpx.create_ssl_context(trust_env=False)
        if url.startswith("https:")
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
