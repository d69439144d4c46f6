"""The witness over HTTP: `POST /add-checkpoint` (C2SP tlog-witness). `create_app` is what granian serves."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import structlog
from litestar import Litestar, Request, Response, post

from domain.note import MAX_LENGTH, NoteError
from domain.witnessing import (
    ForkError,
    InconsistentError,
    OldSizeError,
    StaleSizeError,
    SubmissionRefusedError,
    read_submission,
)
from service.ed25519 import verify_ed25519
from service.logs import configure_logs
from service.serving import allow_connections
from service.witness.cosigning import NotSignedError, UnknownLogError, Witness
from service.witness.files import WitnessFiles

HOME: Final = "SILLOK_WITNESS_HOME"
"""The variable that names the witness's folder."""
SIZE: Final = "text/x.tlog.size"
TEXT: Final = "text/plain"
_BODY_LIMIT: Final = MAX_LENGTH + 4096
_STATUS: Final[dict[type[Exception], int]] = {
    NoteError: 400,
    OldSizeError: 400,
    NotSignedError: 403,
    UnknownLogError: 404,
    StaleSizeError: 409,
    ForkError: 409,
    InconsistentError: 422,
}


def witness_of(files: WitnessFiles) -> Witness:
    """The witness of a folder that is open. Raises `WitnessFilesError`."""
    return Witness(files.key(), files.logs(), files, verify=verify_ed25519, now=time.time)


def create_application(witness: Witness, lifespan: Sequence[Any] = ()) -> Litestar:
    """The ASGI application."""

    @post("/add-checkpoint", request_max_body_size=_BODY_LIMIT, status_code=200)
    async def add_checkpoint(request: Request[Any, Any, Any]) -> Response[str]:
        """Cosign a checkpoint."""
        body = await request.body()
        # A signature waits for the disk: nobody else is to wait for it.
        return await anyio.to_thread.run_sync(partial(_answer, witness, body))

    return Litestar([add_checkpoint], lifespan=list(lifespan), openapi_config=None)


def _answer(witness: Witness, body: bytes) -> Response[str]:
    try:
        line = witness.cosign(read_submission(body.decode()))
    except UnicodeDecodeError:
        return Response("not UTF-8\n", media_type=TEXT, status_code=400)
    except StaleSizeError as error:
        # Exactly this type, without an encoding.
        headers = {"Content-Type": SIZE}
        return Response(f"{error.size}\n", headers=headers, status_code=_STATUS[StaleSizeError])
    except (NoteError, NotSignedError, UnknownLogError, SubmissionRefusedError) as error:
        return Response(f"{error}\n", media_type=TEXT, status_code=_STATUS[type(error)])
    return Response(line, media_type=TEXT, status_code=200)


def create_app() -> Litestar:
    """The application over the folder that the environment names. Raises `WitnessFilesError`."""
    configure_logs()
    allow_connections()
    files = WitnessFiles(Path(os.environ[HOME]))
    held = ExitStack()
    held.enter_context(files.open())
    witness = witness_of(files)
    structlog.get_logger().warning("witnessing", key=str(witness.key.verifier), logs=sorted(witness.logs))

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        with held:
            yield

    return create_application(witness, [lifespan])
