"""Errors as RFC 9457 problem details: one catalogue of types, one way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from domain.refusal import FieldError, Kind, Refusal
from service.application.administration import KidTakenError, UnknownCredentialError
from service.application.audit import audit
from service.application.bodies import MalformedBodyError
from service.application.deciding import ChangedSinceError
from service.application.identity import (
    ActingForMissingError,
    IdentityTakenError,
    NotMemberError,
    TooManyRequestsError,
    WrongCredentialError,
)
from service.application.in_flight import RequestInFlightError
from service.application.issuer_jws import IssuerUnavailableError
from service.application.lines import LineTooLongError
from service.application.ports import IdempotencyKeyReusedError, LedgerUnavailableError
from service.application.proving import NoSuchCheckpointError, NoSuchTileError, NotSealedError
from service.application.reading_refusals import NotYetProjectedError
from service.application.sessions import SessionEndedError
from service.application.signing_in import NoSuchWayError
from service.application.submitting import ContendedError, UnknownDecisionError
from service.application.submitting_together import BatchRefusedError

MEDIA_TYPE: Final = "application/problem+json"
STATUS: Final[dict[Kind, int]] = {"invalid": 422, "forbidden": 403, "unknown": 404, "state": 409}

PRINCIPAL: Final = "principal"
"""Under which name a request's state has the id of the credential that it came with, once that is verified."""

_log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `type`: address of the problem's page. `rule`: the rule cited. `errors`: the fields at fault.

    `line`: of decisions that were to be recorded together, the first that is refused; `cause`: the type of problem that
    it would be by itself.
    """

    type: str
    title: str
    status: int
    detail: str
    rule: str | None = None
    errors: tuple[FieldError, ...] = ()
    line: int | None = None
    cause: str | None = None


class ApiProblem(Exception):  # noqa: N818 — carries a problem of the catalogue below; not a fact of its own
    """Something wrong with a request as such, before any rule of a programme is asked."""

    def __init__(
        self, slug: str, detail: str, *, errors: tuple[FieldError, ...] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


REQUEST_PROBLEMS: Final[dict[str, tuple[int, str]]] = {
    "malformed-body": (400, "The body cannot be read as JSON."),
    "idempotency-key-missing": (400, "A decision is submitted with an Idempotency-Key."),
    "invalid-parameter": (400, "A parameter of the request breaks its rule."),
    "acting-for-missing": (400, "Who acts for several says for whom: Sillok-Acting-For: role:subject."),
    "unauthenticated": (401, "The request carries no valid key or token, and no session."),
    "session-ended": (401, "The session has ended, or there is none: sign in again."),
    "wrong-role": (403, "The key, token or session is of a role that does not do this."),
    "not-a-member": (403, "Whoever asks acts for nobody, or not for whom they say."),
    "cross-site-request": (403, "A change by a session came from elsewhere, or without its CSRF token."),
    "sign-in-refused": (403, "Nobody who may come in was signed in."),
    "not-found": (404, "There is nothing at this address."),
    "not-sealed": (404, "No checkpoint covers this yet; ask again."),
    "unknown-decision": (404, "There is no decision of this name."),
    "method-not-allowed": (405, "The address does not know this method."),
    "body-too-slow": (408, "The body did not come in time."),
    "request-in-flight": (409, "The same request is being worked on; ask again."),
    "batch-refused": (409, "One of the decisions that were to be recorded together is refused; none is recorded."),
    "no-such-sign-in": (409, "People do not sign in like this here."),
    "identity-taken": (409, "The account stands for a person or client already."),
    "key-id-taken": (409, "The client has, or had, a key of this id."),
    "changed-since": (412, "What the decision depends on has changed since the position in If-Match."),
    "not-that-answer": (412, "The answer is not, or not any more, the one that If-Match names."),
    "body-too-large": (413, "The body is larger than the operation takes."),
    "unsupported-media-type": (415, "The operation takes application/json."),
    "content-coded": (415, "A body is sent as it is, in no content coding."),
    "idempotency-key-reused": (422, "The Idempotency-Key was used for another request."),
    "too-many-requests": (429, "Too much was asked, or too many authentications failed, within a minute."),
    "too-many-at-once": (429, "Too many requests without a credential are open from one address."),
    "internal": (500, "Something went wrong here; nothing about the request is known to be wrong."),
    "issuer-unavailable": (503, "The OIDC issuer does not answer."),
    "too-many-streams": (503, "Too many follow the ledger here at once."),
    "too-many-reads": (503, "Too much is being read here at once; ask again."),
    "contended": (503, "Others kept deciding on the same facts; nothing was recorded."),
    "ledger-unavailable": (503, "The ledger did not answer; nothing was recorded."),
    "erasures-pending": (503, "Erasures are being carried out again; nothing is served before."),
    "outcome-unknown": (503, "The connection to the ledger was lost; retry with the same Idempotency-Key."),
    "not-yet-projected": (503, "The view has not reached the position asked for."),
}
"""Slug → (status, what it means), for problems that no rule of a programme causes."""


def catalogue() -> dict[str, tuple[int, str]]:
    """Every problem type by slug, with its status and what it means."""
    refusals = {slug: (STATUS[cls.KIND], cls.title()) for slug, cls in Refusal.CATALOGUE.items()}
    return dict(sorted({**REQUEST_PROBLEMS, **refusals}.items()))


def problem_response(
    slug: str,
    detail: str,
    *,
    rule: str | None = None,
    errors: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """A problem of the catalogue as a response."""
    status, title = catalogue()[slug]
    problem = Problem(type=f"/problems/{slug}", title=title, status=status, detail=detail, rule=rule, errors=errors)
    extra = {"Retry-After": "1"} if status == 503 else {}
    if status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**extra, **(headers or {})},
    )


_Request = Request[object, object, State]


def _refusal(request: _Request, refusal: Refusal) -> Response[bytes]:
    """What is refused for who asks leaves a line for operators, if it is known who that is."""
    principal = request.state.get(PRINCIPAL)
    if refusal.doubtful and principal is not None:
        audit("refused by rule", principal=principal, problem=type(refusal).slug(), reason=refusal.detail)
    return problem_response(type(refusal).slug(), refusal.detail, rule=refusal.rule, errors=refusal.errors)


def _api_problem(_request: _Request, problem: ApiProblem) -> Response[bytes]:
    return problem_response(problem.slug, problem.detail, errors=problem.errors, headers=problem.headers)


def _unavailable(_request: _Request, error: LedgerUnavailableError) -> Response[bytes]:
    if error.__cause__ is not None:
        _log.warning("the database did not answer", error=str(error))
    return problem_response("outcome-unknown" if error.outcome_unknown else "ledger-unavailable", error.told)


def _batch_refused(request: _Request, error: BatchRefusedError) -> Response[bytes]:
    cause = msgspec.json.decode(response_to(request, error.error).content, type=Problem)
    status, title = catalogue()["batch-refused"]
    problem = msgspec.structs.replace(
        cause,
        type="/problems/batch-refused",
        title=title,
        status=status,
        detail=f"line {error.line}: {cause.detail}",
        line=error.line,
        cause=cause.type,
    )
    return Response(msgspec.json.encode(problem), status_code=status, media_type=MEDIA_TYPE)


def response_to(request: _Request, error: Exception) -> Response[bytes]:
    """The answer to an error, whoever it came to."""
    handler = next(HANDLERS[cls] for cls in type(error).__mro__ if cls in HANDLERS)
    answer: Response[bytes] = handler(request, error)
    return answer


_HTTP: Final = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large", 415: "unsupported-media-type"}


def _http(_request: _Request, error: HTTPException) -> Response[bytes]:
    """What the framework refuses by itself."""
    if error.status_code >= 500:
        return problem_response("internal", "the request could not be served")
    slug = _HTTP.get(error.status_code, "invalid-parameter")
    errors: tuple[FieldError, ...] = ()
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        errors = tuple(
            FieldError(str(each.get("key", "")), str(each.get("message", "")))
            for each in error.extra
            if isinstance(each, dict)
        )
    detail = "; ".join(f"{each.pointer}: {each.detail}" for each in errors) or error.detail
    kept = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    # Whoever answers GET answers HEAD (service.api.application).
    kept = {name: f"{value}, HEAD" if "GET" in value else value for name, value in kept.items()}
    return problem_response(slug, detail, errors=errors, headers=kept)


def _internal(request: _Request, error: Exception) -> Response[bytes]:
    _log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return problem_response("internal", "the request could not be served; the failure is in the service's log")


def _as(slug: str, describe: Callable[[Exception], str]) -> Callable[[_Request, Exception], Response[bytes]]:
    def handle(_request: _Request, error: Exception) -> Response[bytes]:
        return problem_response(slug, describe(error))

    return handle


def _wrong_credential(_request: _Request, error: WrongCredentialError) -> Response[bytes]:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return problem_response("unauthenticated", str(error), headers=headers)


def _not_member(_request: _Request, error: NotMemberError) -> Response[bytes]:
    audit("membership refused", reason=str(error))
    return problem_response("not-a-member", str(error))


def _too_many(_request: _Request, error: TooManyRequestsError) -> Response[bytes]:
    detail = f"{error}; ask again in {error.seconds} seconds"
    return problem_response("too-many-requests", detail, headers={"Retry-After": str(error.seconds)})


def _not_sealed(_request: _Request, error: NotSealedError) -> Response[bytes]:
    return problem_response("not-sealed", str(error), headers={"Retry-After": "1"})


HANDLERS: Final[ExceptionHandlersMap] = {
    Refusal: _refusal,
    ApiProblem: _api_problem,
    WrongCredentialError: _wrong_credential,
    TooManyRequestsError: _too_many,
    SessionEndedError: _as("session-ended", str),
    ActingForMissingError: _as("acting-for-missing", str),
    NotMemberError: _not_member,
    IdentityTakenError: _as("identity-taken", str),
    NoSuchWayError: _as("no-such-sign-in", str),
    IssuerUnavailableError: _as("issuer-unavailable", str),
    UnknownCredentialError: _as("not-found", str),
    KidTakenError: _as("key-id-taken", str),
    LedgerUnavailableError: _unavailable,
    BatchRefusedError: _batch_refused,
    LineTooLongError: _as("body-too-large", lambda _error: "the line is longer than one may be"),
    MalformedBodyError: _as("malformed-body", str),
    UnknownDecisionError: _as("unknown-decision", lambda error: f"there is no decision {str(error)[:80]!r}"),
    IdempotencyKeyReusedError: _as("idempotency-key-reused", lambda error: f"key {error} stands for another request"),
    RequestInFlightError: _as("request-in-flight", lambda error: f"key {error} is being worked on"),
    ChangedSinceError: _as("changed-since", str),
    ContendedError: _as("contended", lambda error: f"{error} met conflicting decisions too often; try again"),
    NotSealedError: _not_sealed,
    NoSuchCheckpointError: _as("not-found", str),
    NoSuchTileError: _as("not-found", str),
    NotYetProjectedError: _as("not-yet-projected", str),
    HTTPException: _http,
    Exception: _internal,
}
