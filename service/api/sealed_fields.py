"""Personal data that the ledger holds a commitment to."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from domain.privacy import SubjectId
from service.api.access import AnyRequest, principal_of, reader_of
from service.api.administration import BODY_LIMIT, asked_for, unstored
from service.api.answers import only_parameters
from service.api.parts import Wired
from service.api.problems import ApiProblem
from service.application.sealed_fields import FieldText

SUBJECTS: Final = "/v1/programmes/{programme:str}/subjects"


@post(SUBJECTS, request_max_body_size=BODY_LIMIT, status_code=201)
async def seal_field(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Keep a field of a person's, sealed; the answer is what `seal-field` puts on record."""
    only_parameters(request)
    principal = await principal_of(request, parts)
    reader = reader_of(principal)
    await parts.run(partial(parts.personal_data.require_sealing, programme, reader))
    asked = await asked_for(request, FieldText, "a field")
    seal = partial(parts.personal_data.seal, programme, asked, reader)
    return unstored(await parts.run(seal), 201)


@get(f"{SUBJECTS}/{{subject:str}}")
async def get_subject(
    request: AnyRequest, programme: FromPath[str], subject: FromPath[str], parts: Wired
) -> Response[bytes]:
    """What is known about a person of a programme, and since when it is erased."""
    only_parameters(request)
    principal = await principal_of(request, parts)
    try:
        named = msgspec.convert(subject, SubjectId)
    except msgspec.ValidationError:
        raise ApiProblem("not-found", "a person is named by an id such as ev- and 16 hexadecimal digits") from None
    return unstored(await parts.run(partial(parts.personal_data.of, programme, named, reader_of(principal))))


HANDLERS = [seal_field, get_subject]
