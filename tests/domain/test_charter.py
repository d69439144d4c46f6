"""Charters: published once, by their owner; nothing is decided without one, or without a mandate of it."""

from __future__ import annotations

from domain.charter import (
    CharterAlreadyPublishedError,
    PublisherNotOwnerError,
)
from domain.refusal import NotMandatedError, UnknownProgrammeError
from tests.domain.charters import charter, document
from tests.given import given


def test_a_charter_is_published_canonical_with_its_hash() -> None:
    given().when("publish-charter", {"charter": document()}).then(charter())


def test_the_order_of_keys_does_not_change_the_hash() -> None:
    turned = dict(reversed(document().items()))
    given().when("publish-charter", {"charter": turned}).then(charter())


def test_a_programme_has_one_charter() -> None:
    given(charter()).when("publish-charter", {"charter": document()}).refused(CharterAlreadyPublishedError)


def test_a_charter_is_published_by_its_owner() -> None:
    mandates = document()["mandates"]
    mandates[0]["agencies"].append("other")
    body = {"charter": document(mandates=mandates)}
    given().by("other").when("publish-charter", body).refused(PublisherNotOwnerError)


def test_a_decision_in_a_programme_without_charter_is_refused() -> None:
    body = {"team": "ant", "name": {"en": "A", "ko": "A"}}
    given().when("enrol-team", body).refused(UnknownProgrammeError)


def test_a_decision_without_mandate_is_refused() -> None:
    body = {"team": "ant", "name": {"en": "A", "ko": "A"}}
    given(charter()).by("other").when("enrol-team", body).refused(NotMandatedError)
