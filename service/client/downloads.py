"""Long answers, read by the standard library: httpx's own transport takes ten times as long for each byte."""

from __future__ import annotations

import http.client
import ssl
import threading
from typing import Final

import httpx

SECONDS: Final = 30.0
"""Without a byte, the service is taken for gone."""


class DownloadTransport(httpx.BaseTransport):
    """Each thread that asks has a connection of its own, kept until it breaks or all are closed."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        self._trusted = trusted
        self._of_thread = threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and read the whole answer. Raises `httpx.TransportError`."""
        connection = self._connection(request.url)
        target = request.url.raw_path.decode("ascii")
        try:
            connection.request(request.method, target, request.read() or None, dict(request.headers))
            answer = connection.getresponse()
            content = httpx.ByteStream(answer.read())
        except TimeoutError as error:
            connection.close()
            raise httpx.ReadTimeout(str(error), request=request) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise httpx.NetworkError(f"{type(error).__name__}: {error}", request=request) from error
        return httpx.Response(answer.status, headers=answer.getheaders(), stream=content)

    def close(self) -> None:
        """Let go of every connection."""
        for each in self._opened:
            each.close()

    def _connection(self, url: httpx.URL) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._of_thread, "connection", None)
        if found is None:
            if url.scheme == "https":
                found = http.client.HTTPSConnection(url.host, url.port, timeout=SECONDS, context=self._trusted)
            else:
                found = http.client.HTTPConnection(url.host, url.port, timeout=SECONDS)
            self._of_thread.connection = found
            self._opened.append(found)
        return found
