"""`sillok people`: people and for whom they act, for whoever can reach the database."""

from __future__ import annotations

import click
import msgspec

from service.application.bodies import parse_body
from service.application.erasing import Subject
from service.application.identity import ExternalIdentity, Membership
from service.application.people import NewPerson, PersonRecord
from service.application.signing_in import SigningIn
from service.cli.keys import AS_JSON, ROLES, administering, moment, operator, told
from service.cli.opened import settings_here

_PERSON = click.argument("person")
_ROLE = click.argument("role", type=ROLES)
_SUBJECT = click.argument("subject")


@click.group()
def people() -> None:
    """List, add, revoke and erase people; say for whom they act and which accounts at an OIDC issuer are theirs.

    DATABASE_URL says where they are; without, the server that `sillok up` runs for SILLOK_HOME is used.
    """


@people.command("list")
@AS_JSON
def list_(as_json: bool) -> None:
    """Print every person."""
    with administering() as opened:
        found = opened.people.every()
    told(found, _lines, as_json=as_json)


@people.command()
@click.option("--name", help="For this list only; the ledger never has it.")
def add(name: str | None) -> None:
    """Add a person; their id is printed. They act for nobody yet."""
    body = msgspec.json.encode({} if name is None else {"name": name})
    with administering() as opened:
        click.echo(opened.people.add(parse_body(NewPerson, body, of="a person"), operator()).person_id)


@people.command()
@_PERSON
@_ROLE
@_SUBJECT
def grant(person: str, role: str, subject: str) -> None:
    """Let PERSON act as ROLE for SUBJECT: an agency, team, evaluator, auditor or operator."""
    with administering() as opened:
        opened.people.grant(person, _membership(role, subject), operator())
    click.echo(f"{person}: acts for {role}:{subject}")


@people.command()
@_PERSON
@_ROLE
@_SUBJECT
def withdraw(person: str, role: str, subject: str) -> None:
    """Let PERSON act as ROLE for SUBJECT no longer; processes that run notice within five seconds."""
    with administering() as opened:
        opened.people.withdraw(person, _membership(role, subject), operator())
    click.echo(f"{person}: no longer acts for {role}:{subject}")


@people.command()
@_PERSON
@click.argument("issuer")
@_SUBJECT
def link(person: str, issuer: str, subject: str) -> None:
    """Say that the account SUBJECT at ISSUER, its `sub` and `iss`, is that of PERSON, for ever."""
    body = msgspec.json.encode({"issuer": issuer, "subject": subject})
    with administering() as opened:
        opened.people.link(person, parse_body(ExternalIdentity, body, of="an account"), operator())
    click.echo(f"{person}: is {subject} at {issuer}")


@people.command()
@_PERSON
def revoke(person: str) -> None:
    """Revoke PERSON for ever, and end their sessions; processes that run notice within five seconds."""
    with administering() as opened:
        opened.people.revoke(person, operator())
    click.echo(f"{person}: revoked")


@people.command()
@_PERSON
@click.option(
    "--programme", default="", help="Instead what is sealed there about PERSON, an evaluator or any other id."
)
def erase(person: str, programme: str) -> None:
    """Erase what is known of PERSON, whoever they act for: name, accounts, sessions. There is no way back.

    For those whose account an `erase-subject` leaves, since they act for others than its agency and programme: a line
    of the log `sillok.audit` says so of each. And, with --programme, where its charter lets nobody `erase-subject`, or
    who may does not.

    \b
    Examples:
      sillok people erase person-0123456789abcdef
      sillok people erase ev-0123456789abcdef --programme my-programme
    """
    with administering() as opened:
        opened.people.erase(Subject(person, programme), operator())
    click.echo(f"{person}: erased")


@people.command("sign-in-link")
@_PERSON
def sign_in_link(person: str) -> None:
    """Print a link by which PERSON signs in, once, within a quarter of an hour; where no OIDC issuer is set."""
    with administering() as opened:
        click.echo(link_for(opened.signing_in, person, operator(), settings_here().issuer))


def link_for(signing_in: SigningIn, person: str, by: str, address: str) -> str:
    """The address of a page that signs the person in, once."""
    return f"{address}/sign-in/link?secret={signing_in.make_link(person, by)}"


def _membership(role: str, subject: str) -> Membership:
    return parse_body(Membership, msgspec.json.encode({"role": role, "subject": subject}), of="a membership")


def _lines(person: PersonRecord) -> str:
    ends = f"revoked {moment(person.revoked_at)}" if person.revoked_at else "in use"
    acts_for = [
        f"\tacts for {each.role}:{each.subject}\tsince {moment(each.granted_at)}"
        + (f"\twithdrawn {moment(each.withdrawn_at)}" if each.withdrawn_at else "")
        for each in person.memberships
    ]
    accounts = [f"\tis {each.subject} at {each.issuer}" for each in person.identities]
    first = "\t".join((person.person_id, person.name or "-", f"added {moment(person.created_at)}", ends))
    return "\n".join((first, *acts_for, *accounts))
