"""Known failures end a command with one sentence, not with a traceback."""

from __future__ import annotations

from typing import Any

import click
import httpx
import psycopg

from service.application.ports import LedgerUnavailableError
from service.client import CredentialError, ServiceError, SigningKeyError, UnreachableError
from service.embedded import EmbeddedServerError
from service.secret_rings import SecretFileError
from service.settings import SettingsError
from service.storage.migrate import MigrationError
from service.storage.wake_ups import BrokerError
from service.supervisor import SupervisorError


class FileError(Exception):
    """A file cannot be used; the sentence names it, the place and the rule."""


class NotAsAskedError(Exception):
    """What was asked for did not come about; the sentence says why."""


_KNOWN = (
    SettingsError,
    SecretFileError,
    EmbeddedServerError,
    SupervisorError,
    MigrationError,
    BrokerError,
    LedgerUnavailableError,
    FileError,
    NotAsAskedError,
    SigningKeyError,
    CredentialError,
    ServiceError,
)


class OneSentence(click.Group):
    """A group whose commands say what went wrong on standard error and exit with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (httpx.TransportError, UnreachableError) as error:
            raise click.ClickException(f"The service does not answer ({error}): is `sillok up` running?") from error
        except _KNOWN as error:
            raise click.ClickException(str(error)) from error
        except psycopg.OperationalError as error:
            raise click.ClickException(f"The database does not answer: {str(error).strip()}") from error
