"""Keys for which anybody can sign, found by the curve's own arithmetic (RFC 8032, 5.1), are nobody's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain import base64url
from domain.charter_document import parse
from domain.decision import Case, decider_of
from domain.ed25519 import is_weak
from domain.envelope import Actor
from domain.keys import KeyRegistered, Keys, PublicKey, RegisterKey
from domain.refusal import InvalidCommandError
from domain.teams import Roster
from service.application.administration import PublicJwk
from service.application.identity import WrongCredentialError
from service.application.jose import require_signature
from service.ed25519 import verify_ed25519
from service.verify import standalone as untyped
from tests.domain import charters
from tests.domain.test_keys import JWK, REGISTER, after
from tests.domain.verified import alone, first, found

STANDALONE: Any = untyped
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
NEUTRAL = (0, 1)
SIGN = 1 << 255
Point = tuple[int, int]


def added(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    both = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + both, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - both, -1, P)
    return x % P, y % P


def times(number: int, point: Point) -> Point:
    found = NEUTRAL
    while number:
        found = added(found, point) if number % 2 else found
        number, point = number // 2, added(point, point)
    return found


def points() -> list[Point]:
    """Some of the curve, of any order."""
    found = []
    for y in range(2, 40):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(square, (P + 3) // 8, P)
        x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
        if x * x % P == square:
            found.append((x, y))
    return found


SMALL = {times(ORDER, each) for each in points()}
"""Times the order of the group, only that part of a point is left whose order divides 8."""


def encodings(y: int) -> list[bytes]:
    """Every way to write it, whatever its x."""
    return [(each | sign).to_bytes(32, "little") for each in (y, y + P) if each < SIGN for sign in (0, SIGN)]


def test_every_point_of_small_order_is_weak_however_it_is_written() -> None:
    assert len(SMALL) == 8
    assert all(times(8, each) == NEUTRAL for each in SMALL)
    assert all(is_weak(each) for _x, y in SMALL for each in encodings(y))


def test_what_is_written_in_another_way_than_its_own_is_weak() -> None:
    assert [is_weak((P - n).to_bytes(32, "little")) for n in (2, 0, -1, -18)] == [False, True, True, True]


def test_no_key_that_is_made_is_weak() -> None:
    made = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)).public_key().public_bytes_raw() for n in range(50))
    assert not any(map(is_weak, made))


def forged() -> tuple[bytes, bytes]:
    """A key, and a signature that is right by arithmetic for any message: R and A are neutral, S is 0."""
    neutral = (1).to_bytes(32, "little")
    return neutral, neutral + bytes(32)


def test_a_signature_that_anybody_can_make_is_not_taken_for_right() -> None:
    public, signature = forged()
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"anything")  # as the library has it
    assert not verify_ed25519(public, b"anything", signature)
    assert not STANDALONE.signed_by(public, b"anything", signature)
    token = ".".join(
        [
            base64url.written(b'{"alg":"EdDSA","kid":"k"}'),
            base64url.written(b"{}"),
            base64url.written(signature),
        ]
    )
    with pytest.raises(WrongCredentialError, match="anybody can sign"):
        require_signature(token, public)


def test_both_verifiers_know_the_same_weak_keys() -> None:
    keys = [each for _x, y in SMALL for each in encodings(y)] + [bytes([n] * 32) for n in range(1, 128)]
    assert [is_weak(each) for each in keys] == [STANDALONE.weak(each) for each in keys]


def test_both_verifiers_find_a_key_that_anybody_can_sign_for_where_it_is_registered() -> None:
    for x, at in ((JWK["x"], []), (base64url.written(encodings(1)[0]), [2])):
        jwk = {**JWK, "x": x}
        event = KeyRegistered(agency="owner", key="first", jwk=msgspec.convert(jwk, PublicKey))
        assert found([*first(), *alone("register-key", {**REGISTER, "jwk": jwk}, event)]) == at


def test_what_an_earlier_release_registered_is_decided_again_as_it_was() -> None:
    """That nobody signs with it is for whoever verifies signatures to say."""
    earlier = decider_of("register-key", 5)
    assert earlier is not None
    jwk = PublicKey(kty="OKP", crv="Ed25519", x=base64url.written((1).to_bytes(32, "little")))
    asked = RegisterKey(agency="owner", key="first", jwk=jwk)
    case = Case(
        programme="p",
        actor=Actor(agency="owner", principal="a key"),
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        position=1,
        decision_id="",
        charter=parse(charters.charter().document.encode()),
        rules_hash="",
    )
    (event,) = earlier.decide(asked, case, Keys("p"), Roster("p"))
    assert event == KeyRegistered(agency="owner", key="first", jwk=jwk)


def test_nobody_enrols_a_key_that_anybody_can_sign_for() -> None:
    """Neither for an agency's signatures nor for its client."""
    for _x, y in SMALL:
        x = base64url.written(encodings(y)[0])
        after().when("register-key", {**REGISTER, "jwk": {**JWK, "x": x}}).refused(InvalidCommandError, "/jwk/x")
        with pytest.raises(msgspec.ValidationError, match="small order"):
            msgspec.convert({**JWK, "x": x}, PublicJwk)
