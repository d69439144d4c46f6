"""Pages from templates, in Korean or English: what is the same on all of them."""

from __future__ import annotations

import functools
import re
from datetime import date, timedelta
from typing import Any, Final

import jinja2
import msgspec
from litestar import Response

from domain.deadlines import Zone, is_date, local, moment
from domain.envelope import DataSet
from domain.naming import written
from domain.rubric import Judged, Measured, Unpublished
from domain.scalars import Names
from domain.sentences import LANGUAGES, Language, Words
from service.api.access import AnyRequest
from service.api.prepared import Prepared, prepared
from service.api.problems import Problem, response_to
from service.web import bars, static
from service.web.problem_types import problem_types
from service.web.wording import WORDS

MEDIA_TYPE: Final = "text/html"

SECURITY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self';"
    " img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_SHA256: Final = re.compile(r"\b[0-9a-f]{64}\b")
_CLOCKS: Final[dict[Zone, str]] = {"Asia/Seoul": "KST", "UTC": "UTC"}


class Label(msgspec.Struct, frozen=True):
    """What a page's figures are: nobody is to take a rehearsal for the real thing. `zone`: of its times."""

    data_set: DataSet
    notice: Names
    zone: Zone


@functools.cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("service.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"asset": static.address, "bars": bars, "languages": LANGUAGES}
    found.filters |= {"brief": _brief, "pretty": _pretty, "scoring": _scoring}
    return found


def language_of(request: AnyRequest) -> Language:
    """Of a page's address: every one begins with it."""
    path: str = request.scope["path"]
    return "ko" if path.split("/", 2)[1] == "ko" else "en"


def html(request: AnyRequest, template: str, *, label: Label | None = None, **values: Any) -> Prepared:
    """A page. `label`: of the programme that it is about."""
    language = language_of(request)
    path = request.scope["path"]
    query = request.scope["query_string"].decode("latin-1")
    rest = path[len(language) + 1 :] or "/"
    body = (
        _environment()
        .get_template(template)
        .render(
            lang=language,
            label=label,
            # Not from the request: a page is made once for all who ask, by whatever name they reach the service.
            origin=getattr(request.app, "public_origin", ""),
            addresses={each: f"/{each}{rest}{'?' + query if query else ''}" for each in LANGUAGES},
            t=functools.partial(_worded, language),
            say=functools.partial(_said, language),
            day=functools.partial(_day, language),
            time=functools.partial(_time, language, label.zone if label else "UTC"),
            raw=lambda key: getattr(WORDS[key], language),
            root=f"/{language}",
            **{"section": "", **values},
        )
    )
    return prepared(body.encode(), media_type=MEDIA_TYPE, headers=SECURITY)


def failed(request: AnyRequest, error: Exception) -> Response[bytes]:
    """What went wrong, calmly: the same status as the API's answer, on a page."""
    answer = response_to(request, error)
    problem = msgspec.json.decode(answer.content, type=Problem)
    page = html(request, "failed.html", problem=problem, type=problem_types()[problem.type.rpartition("/")[2]])
    kept = {name: value for name, value in answer.headers.items() if name.lower() in ("retry-after", "allow")}
    return Response(
        page.body,
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**page.headers, **kept, "Cache-Control": "no-store"},
    )


def _brief(text: str) -> str:
    """With the first digits of each SHA-256 alone: nobody reads the others in a sentence."""
    return _SHA256.sub(lambda found: f"{found[0][:8]}…", text)


def _pretty(data: msgspec.Raw) -> str:
    return msgspec.json.format(bytes(data), indent=2).decode()


def _scoring(scoring: Judged | Measured | Unpublished) -> str:
    return {Judged: "judged", Measured: "measured", Unpublished: "unpublished"}[type(scoring)]


def _worded(language: Language, key: str, **values: object) -> str:
    text: str = getattr(WORDS[key], language)
    return text.format(**values) if values else text


def _said(language: Language, words: Words | Names | None) -> str:
    return "" if words is None else str(getattr(words, language))


def _day(language: Language, text: str, *, before: bool = False) -> str:
    """A day of the calendar (YYYY-MM-DD) or what is undisclosed. `before`: the day before it, where it is excluded."""
    if not is_date(text):
        return _worded(language, "undisclosed")
    return _said(language, written(date.fromisoformat(text) - timedelta(days=before)))


def _time(language: Language, zone: Zone, recorded_at: str) -> str:
    at = local(moment(recorded_at), zone)
    return f"{_said(language, written(at.date()))} {at:%H:%M} {_CLOCKS[zone]}"
