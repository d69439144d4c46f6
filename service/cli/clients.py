"""`sillok clients`: clients that sign for themselves, for whoever can reach the database."""

from __future__ import annotations

from typing import BinaryIO

import click
import msgspec

from service.application.administration import ClientRecord, NewClient, PublicJwk
from service.application.bodies import parse_body
from service.application.identity import Role
from service.cli.keys import AS_JSON, ROLES, administering, moment, operator, told

_CLIENT = click.argument("client_id")
_JWK = click.argument("jwk", type=click.File("rb"), metavar="FILE|-")


@click.group()
def clients() -> None:
    """List, register and revoke clients, which sign for themselves, and their public keys.

    DATABASE_URL says where they are; without, the server that `sillok up` runs for SILLOK_HOME is used.
    """


@clients.command("list")
@AS_JSON
def list_(as_json: bool) -> None:
    """Print every client, with its public keys."""
    with administering() as opened:
        found = opened.administration.clients.every()
    told(found, _lines, as_json=as_json)


@clients.command()
@click.argument("role", type=ROLES)
@click.argument("subject")
@click.argument("jwk", type=click.File("rb"), metavar="[FILE|-]", required=False)
@click.option("--identity", nargs=2, metavar="ISSUER SUB", help="Its account at an OIDC issuer: then it needs no key.")
def register(role: Role, subject: str, jwk: BinaryIO | None, identity: tuple[str, str] | None) -> None:
    """Register a client of ROLE for SUBJECT by its public key, a JWK in FILE; its client_id is printed."""
    with administering() as opened:
        body: dict[str, object] = {"role": role, "subject": subject}
        if jwk is not None:
            body["keys"] = [msgspec.Raw(jwk.read())]
        if identity is not None:
            body["identity"] = dict(zip(("issuer", "subject"), identity, strict=True))
        asked = parse_body(NewClient, msgspec.json.encode(body), of="a client")
        click.echo(opened.administration.register_client(asked, operator()).client_id)


@clients.command("add-key")
@_CLIENT
@_JWK
def add_key(client_id: str, jwk: BinaryIO) -> None:
    """Add a public key, a JWK in FILE, to the client CLIENT_ID."""
    with administering() as opened:
        asked = parse_body(PublicJwk, jwk.read(), of="a public key")
        opened.administration.add_client_key(client_id, asked, operator())
    click.echo(f"{client_id}: has key {asked.name}")


@clients.command("revoke-key")
@_CLIENT
@click.argument("kid")
def revoke_key(client_id: str, kid: str) -> None:
    """Revoke the key KID of the client CLIENT_ID, and the tokens that were got with it."""
    with administering() as opened:
        opened.administration.revoke_client_key(client_id, kid, operator())
    click.echo(f"{client_id}: key {kid} revoked")


@clients.command()
@_CLIENT
def revoke(client_id: str) -> None:
    """Revoke the client CLIENT_ID, and its tokens; processes that run notice within five seconds."""
    with administering() as opened:
        opened.administration.revoke_client(client_id, operator())
    click.echo(f"{client_id}: revoked")


def _lines(client: ClientRecord) -> str:
    ends = f"revoked {moment(client.revoked_at)}" if client.revoked_at else "in use"
    first = (client.client_id, client.role, client.subject, f"made {moment(client.created_at)}")
    keys = [
        f"\tkey {key.kid}\tadded {moment(key.added_at)}"
        + (f"\trevoked {moment(key.revoked_at)}" if key.revoked_at else "")
        for key in client.keys
    ]
    account = [] if client.identity is None else [f"\tis {client.identity.subject} at {client.identity.issuer}"]
    return "\n".join(("\t".join((*first, f"used {moment(client.last_used_at)}", ends)), *account, *keys))
