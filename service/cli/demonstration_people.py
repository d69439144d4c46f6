"""People whom `sillok up` shows how to sign in: one of each kind, where no OIDC issuer is set."""

from __future__ import annotations

from collections.abc import Iterator

from service.application.identity import Membership
from service.application.people import NewPerson
from service.cli.people import link_for
from service.cli.play import Keys
from service.entrance import open_administering
from service.settings import Settings

_BY = "demonstration"


def sign_in_links(settings: Settings, keys: Keys) -> list[tuple[Membership, str]]:
    """A link for an operator, an auditor, one agency and one team, as there are keys of; none where there is an issuer.

    The people are made once; each call makes links anew.
    """
    with open_administering(settings) as opened:
        if opened.signing_in.issuer is not None:
            return []
        known = {person.name: person.person_id for person in opened.people.every() if person.revoked_at is None}
        found = []
        for membership in _kinds(keys):
            name = f"{membership}, demonstration"
            asked = NewPerson(name=name, memberships=(membership,))
            person = known.get(name) or opened.people.add(asked, _BY).person_id
            found.append((membership, link_for(opened.signing_in, person, _BY, settings.issuer)))
        return found


def _kinds(keys: Keys) -> Iterator[Membership]:
    yield Membership("operator", "operator")
    yield Membership("auditor", "auditor")
    for agency in sorted(keys.agencies)[:1]:
        yield Membership("agency", agency)
    for team in sorted(keys.consortiums)[:1]:
        yield Membership("consortium", team)
