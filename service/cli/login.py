"""`sillok login`: where the service is and what to show it, kept for the commands that follow."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click
import msgspec

from service.cli.failures import FileError, NotAsAskedError
from service.cli.service_calls import key_option
from service.client import ApiKey, ClientCredentials, Sillok
from service.client.credentials import Credential, Nobody

LOGIN = "SILLOK_LOGIN"
"""The environment's name for the file that keeps it."""


class Login(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`key`: shown as it is. Or a client's id, and the file with the private JWK that it signs assertions with."""

    url: str
    key: str | None = None
    client_id: str | None = None
    client_key: str | None = None
    audience: str | None = None

    def credential(self) -> Credential:
        """Raises `CredentialError`."""
        if self.client_id is not None and self.client_key is not None:
            return ClientCredentials.read(self.client_id, Path(self.client_key), audience=self.audience)
        return Nobody() if self.key is None else ApiKey(self.key)


def login_file() -> Path:
    """Where it is kept."""
    named = os.environ.get(LOGIN)
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Path(named) if named else folder / "sillok" / "login.json"


def kept_login() -> Login | None:
    """What `sillok login` kept, if it did. Raises `FileError`."""
    file = login_file()
    try:
        return msgspec.json.decode(file.read_bytes(), type=Login)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        # What is wrong is not repeated: it may be the key.
        raise FileError(f"{file}: no login can be read from it; `sillok logout` takes it away.") from None


@click.command()
@click.argument("url")
@key_option
@click.option("--client-id", default=None, help="The id of a registered client, in the place of a key.")
@click.option("--client-key", type=click.Path(path_type=Path), help="The file with that client's private JWK.")
@click.option("--audience", default=None, help="The issuer that the service says it is, if that is not its address.")
@click.option("--json", "as_json", is_flag=True, help="The URL, the ledger's head and the file as JSON.")
def login(
    url: str, key: str | None, client_id: str | None, client_key: Path | None, audience: str | None, as_json: bool
) -> None:
    """Keep URL and a credential for the commands that follow, once the service has taken it.

    The credential is a key, from --key-file or SILLOK_KEY, or a registered client's own key. It is used where a command
    is given neither --url nor a key, URL also where it is given a key; both are kept in a file that its owner alone may
    read.

    \b
    Example:
      sillok login https://sillok.example --key-file nipa.key
      sillok login https://sillok.example --client-id slc_1 --client-key nipa.json
    """
    if (client_id is None) != (client_key is None):
        raise NotAsAskedError("--client-id and --client-key are given together, or neither is.")
    kept = Login(
        url=url,
        key=key if client_id is None else None,
        client_id=client_id,
        client_key=None if client_key is None else str(client_key.absolute()),
        audience=audience,
    )
    with Sillok(url, kept.credential(), patience=5) as client:
        head = client.events_page(limit=1).head
    _write(kept)
    if as_json:
        click.echo(msgspec.json.encode({"url": url, "head": head, "file": str(login_file())}))
    else:
        click.echo(f"{url} takes it, its ledger ends at position {head}; kept in {login_file()}")


@click.command()
def logout() -> None:
    """Forget what `sillok login` kept."""
    file = login_file()
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    click.echo("nothing is kept")


def _write(kept: Login) -> None:
    file = login_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "wb") as output:
            output.write(msgspec.json.encode(kept) + b"\n")
    except OSError as error:
        raise FileError(f"{file}: {error.strerror}.") from None
