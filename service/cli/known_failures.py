"""What known failures say. Apart from `failures`, since most commands work without most of what these come from."""

from __future__ import annotations

import httpx
import psycopg

from service.application.ports import LedgerUnavailableError
from service.cli.failures import FileError, NotAsAskedError
from service.client import CredentialError, ServiceError, SigningKeyError, UnreachableError
from service.embedded import EmbeddedServerError
from service.secret_rings import SecretFileError
from service.settings import SettingsError
from service.storage.migrate import MigrationError
from service.storage.wake_ups import BrokerError
from service.supervisor import SupervisorError

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


def sentence_of(error: Exception) -> str | None:
    """What a command says of a failure; `None` of one that is not known."""
    match error:
        case httpx.TransportError() | UnreachableError():
            return f"The service does not answer ({error}): is `sillok up` running?"
        case psycopg.OperationalError():
            return f"The database does not answer: {str(error).strip()}"
        case _ if isinstance(error, _KNOWN):
            return str(error)
    return None
