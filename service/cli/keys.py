"""`sillok keys`: keys, for whoever can reach the database and the pepper."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar, get_args

import click
import msgspec

from domain.refusal import Refusal
from service.application.administration import KeyRecord, KidTakenError, NewKey, UnknownCredentialError
from service.application.bodies import parse_body
from service.application.identity import IdentityTakenError, Role
from service.application.signing_in import NoSuchWayError
from service.cli.failures import NotAsAskedError
from service.cli.opened import settings_here
from service.entrance import Administering, open_administering

T = TypeVar("T")

ROLES = click.Choice(get_args(Role))


@contextmanager
def administering() -> Iterator[Administering]:
    """What keys and clients are given and taken away with; refusals end in one sentence."""
    with open_administering(settings_here()) as opened:
        try:
            yield opened
        except (UnknownCredentialError, KidTakenError, IdentityTakenError, NoSuchWayError, Refusal) as error:
            raise NotAsAskedError(f"{error}.") from None


def operator() -> str:
    """Who is recorded to have done it."""
    return f"{getpass.getuser()} at the command line"


AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


def told(found: Sequence[T], line: Callable[[T], str], *, as_json: bool) -> None:
    """Print each, as JSON or in a line or several of its own."""
    click.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(map(line, found)))


def moment(time: datetime | None) -> str:
    """To the minute, for a table."""
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M}"


@click.group()
def keys() -> None:
    """List, issue and revoke keys.

    DATABASE_URL says where they are; without, the server that `sillok up` runs for SILLOK_HOME is used.
    """


@keys.command("list")
@AS_JSON
def list_(as_json: bool) -> None:
    """Print every key, without its secret."""
    with administering() as opened:
        found = opened.administration.keys.every()
    told(found, _line, as_json=as_json)


@keys.command()
@click.argument("role", type=ROLES)
@click.argument("subject")
@click.option("--days", help="So many days it is good; without, until it is revoked.")
def create(role: Role, subject: str, days: str | None) -> None:
    """Issue a key of ROLE to SUBJECT: an agency, team, evaluator, auditor or operator. It is printed this once."""
    body = {"role": role, "subject": subject, **({} if days is None else {"expires_in_days": days})}
    with administering() as opened:
        asked = parse_body(NewKey, msgspec.json.encode(body), of="a key")
        click.echo(opened.administration.issue_key(asked, operator()))


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Revoke the key KEY_ID; processes that run notice within five seconds."""
    with administering() as opened:
        opened.administration.revoke_key(key_id, operator())
    click.echo(f"{key_id}: revoked")


def _line(key: KeyRecord) -> str:
    ends = f"revoked {moment(key.revoked_at)}" if key.revoked_at else f"ends {moment(key.expires_at)}"
    return "\t".join(
        (key.key_id, key.role, key.subject, f"made {moment(key.created_at)}", f"used {moment(key.last_used_at)}", ends)
    )
