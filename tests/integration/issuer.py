"""An OIDC issuer of the tests' own, on a real socket: it signs whatever a test says, also what no issuer should."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

CLIENT_ID = "sillok"
CLIENT_SECRET = "a secret: planted, to be looked for in logs"
AUDIENCE = "https://api.sillok.example"
Key = RSAKey | ECKey | OKPKey


def make_key(alg: str) -> Key:
    if alg == "RS256":
        return RSAKey.generate_key(2048, auto_kid=True)
    return (
        ECKey.generate_key("P-256", auto_kid=True) if alg == "ES256" else OKPKey.generate_key("Ed25519", auto_kid=True)
    )


def make_keys() -> dict[str, Key]:
    """A key of each algorithm. One for RSA takes long to find."""
    return {alg: make_key(alg) for alg in ("RS256", "ES256", "Ed25519")}


def compact(header: dict[str, Any], claims: dict[str, Any], key: Any, alg: str) -> str:
    """A token by a key; `header` may name another algorithm than the one it is signed by."""

    models = {str(header["alg"]): JWSRegistry.algorithms[alg]}

    class Registry(JWSRegistry):
        algorithms = models

    return jws.serialize_compact(
        header,
        json.dumps(claims).encode(),
        key,
        registry=Registry(algorithms=[header["alg"]], strict_check_header=False),
    )


class LocalIssuer:
    """What it answers can be changed while it runs. `sub`: who signs in next. `redeemed`: how often codes came."""

    def __init__(self, keys: Mapping[str, Key] | None = None) -> None:
        """`keys`: those it begins with; new ones unless given."""
        self.keys = dict(keys or make_keys())
        self.published: list[dict[str, Any]] = [self.jwk(alg) for alg in self.keys]
        self.url = ""
        self.sub = "alice"
        self.metadata: dict[str, Any] = {}
        self.id_token: dict[str, Any] = {}
        self.id_header: dict[str, Any] = {}
        self.answer: dict[str, str] = {}
        self.asked: list[str] = []
        self.status = 200
        self.codes: dict[str, dict[str, str]] = {}
        self.last_code = ""

    def jwk(self, alg: str) -> dict[str, Any]:
        key = self.keys[alg]
        return {**key.as_dict(private=False), "kid": f"{alg}-{key.thumbprint()[:8]}", "use": "sig"}

    def token(
        self, alg: str = "RS256", *, header: dict[str, Any] | None = None, key: Any = None, by: str = "", **changed: Any
    ) -> str:
        """An access token, good but for what is changed; `None` leaves a claim out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 300, "client_id": "app"}
        claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        head = {"alg": alg, "kid": self.jwk(alg)["kid"], "typ": "at+jwt", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return compact(head, claims, key or self.keys[alg], by or alg)

    def document(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks",
                "authorization_endpoint": f"{self.url}/authorize?fixed=1",
                "token_endpoint": f"{self.url}/token",
                **self.metadata,
            }
        return {"keys": self.published} if path == "/jwks" else None

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to, at once: whoever asks is `sub`."""
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        self.last_code = secrets.token_urlsafe(16)
        self.codes[self.last_code] = {**query, "sub": self.sub}
        answer = {"code": self.last_code, "state": query["state"], "iss": self.url, **self.answer}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        scheme, _, basic = authorization.partition(" ")
        name, _, secret = base64.b64decode(basic).decode().partition(":")
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (scheme, unquote(name), unquote(secret)) != ("Basic", CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        if asked is None or asked["redirect_uri"] != form["redirect_uri"] or asked["client_id"] != CLIENT_ID:
            return 400, {"error": "invalid_grant"}
        if base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        changed = {"aud": CLIENT_ID, "sub": asked["sub"], "nonce": asked["nonce"], "client_id": None, **self.id_token}
        id_token = self.token(header={"typ": "JWT", **self.id_header}, **changed)
        return 200, {"access_token": "opaque", "token_type": "Bearer", "expires_in": 60, "id_token": id_token}


@contextmanager
def serve(issuer: LocalIssuer, port: int = 0) -> Iterator[LocalIssuer]:
    """The issuer at a port of this machine, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            issuer.asked.append(parts.path)
            if parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.reply(302, b"", {"Location": issuer.authorize(query)})
                return
            if parts.path == "/moved":
                self.reply(302, b"", {"Location": f"{issuer.url}/jwks"})
                return
            found = issuer.document(parts.path)
            self.reply(404 if found is None else issuer.status, json.dumps(found).encode(), {})

        def do_POST(self) -> None:
            issuer.asked.append(self.path)
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            status, content = issuer.redeem(form, self.headers.get("Authorization", ""))
            self.reply(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

        def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
