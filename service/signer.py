"""The signer, `python -m service.signer`: a process of its own, which holds the log's key and what it signed last.

It takes nothing from the database: whoever rules there cannot have a second history signed.
"""

from __future__ import annotations

import signal
import sys
from functools import partial

import structlog

from service.application.checkpoint_signer import CheckpointSigner
from service.logs import configure_logs
from service.secret_rings import SecretFileError, SecretRing
from service.settings import SettingsError, read_settings
from service.signer_files import SignerFiles, SignerFilesError, signing_keys
from service.signer_socket import serve


def main() -> None:
    """Serve until SIGTERM or SIGINT; end with one sentence if that cannot be."""
    configure_logs()
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stopped.append(received))
    try:
        settings = read_settings()
        files = SignerFiles(settings.signer_folder)
        with files.open_for(settings.log_origin):
            signer = CheckpointSigner(files, partial(signing_keys, SecretRing(files.keys_file, make=False)))
            standing = signer.standing()
            structlog.get_logger().warning("signing", origin=standing.origin, size=standing.size, keys=standing.keys)
            serve(files.folder, signer, until=lambda: bool(stopped))
    except (SettingsError, SecretFileError, SignerFilesError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
