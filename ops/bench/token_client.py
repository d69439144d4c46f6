"""A client of an agency that signs for itself, and gets its tokens from the running service."""

from __future__ import annotations

import os
import time

import httpx
import msgspec

from service.api.oauth import BY_ASSERTION, GRANT, TokenAnswer
from service.application.administration import NewClient, PublicJwk
from service.application.jose import public_half, public_jwk, signed
from service.application.tokens import ENDPOINT, Assertion
from service.entrance import open_administering
from service.settings import Settings
from service.storage.identifiers import uuid7


class TokenClient:
    """Registered when it is made."""

    def __init__(self, settings: Settings, agency: str) -> None:
        self._settings = settings
        self._secret = os.urandom(32)
        key = public_jwk(public_half(self._secret))
        self._kid: str = key["kid"]
        with open_administering(settings) as administering:
            asked = NewClient(role="agency", subject=agency, keys=(msgspec.convert(key, PublicJwk),))
            self._id = administering.administration.register_client(asked, "benchmark").client_id

    def token(self) -> str:
        """A new one; it is good for five minutes."""
        assertion = Assertion(
            iss=self._id, sub=self._id, aud=self._settings.issuer, exp=int(time.time()) + 60, jti=uuid7().hex
        )
        form = {
            "grant_type": GRANT,
            "client_assertion_type": BY_ASSERTION,
            "client_assertion": signed(assertion, self._secret, kid=self._kid, typ="JWT"),
        }
        with httpx.Client(base_url=self._settings.address, trust_env=False) as client:
            answer = client.post(ENDPOINT, data=form).raise_for_status()
        return msgspec.json.decode(answer.content, type=TokenAnswer).access_token
