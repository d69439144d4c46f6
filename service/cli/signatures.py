"""`sillok signing-key`: a key to sign decisions with. `sillok signatures`: whether every signature is right."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from domain.envelope import decode_envelope
from domain.event import decode_data
from domain.signature_audit import SignatureAudit
from service.cli.failures import NotAsAskedError
from service.cli.opened import opened
from service.client.signing import SigningKey
from service.ed25519 import verify_ed25519

_SHOWN = 20


@click.command("signing-key")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "kid", required=True, help="The key's id, which the agency registers it under.")
@click.option("--agency", required=True, help="The agency, or the consortium, whose key it is.")
def signing_key(file: Path, kid: str, agency: str) -> None:
    """Make an Ed25519 key in FILE, for its owner's eyes only, and print the body to register it with.

    Register it by `sillok decide register-key PROGRAMME - --sign FILE`; a further key is signed with one that the
    agency has. FILE never leaves its owner.
    """
    key = SigningKey.make(kid)
    key.write(file)
    click.echo(msgspec.json.encode({"agency": agency, "key": kid, "jwk": key.public}).decode())


@click.command()
def signatures() -> None:
    """Check every signature of the ledger again, with the keys and the charter that were in force before it.

    DATABASE_URL says where it is; without, the server that `sillok up` runs for SILLOK_HOME is used. Ends with 1 and
    the positions if a signature is wrong, stands twice, or is missing where the charter asks for one.
    """
    audit = SignatureAudit(verify_ed25519)
    with opened() as projecting:
        for page in projecting.ledger.stream():
            for each in page:
                event = decode_data(each.type, each.version, each.data)
                audit.take(each.position, each.programme, event, decode_envelope(each.envelope), each.recorded_at)
    for fault in audit.faults[:_SHOWN]:
        click.echo(f"position {fault.position}: {fault.detail}", err=True)
    if audit.faults:
        raise NotAsAskedError(f"{len(audit.faults)} of {audit.decisions} decisions are not signed as they should be.")
    click.echo(f"{audit.signed} of {audit.decisions} decisions are signed, every one as it should be.")
    click.echo(
        "Events were held against their commands, and these against the charter; what else the rules say: sillok prove."
    )
