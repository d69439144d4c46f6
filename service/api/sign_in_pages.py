"""The few pages of signing in: plain HTML in English and Korean, without script, style or picture."""

from __future__ import annotations

from html import escape
from typing import Final

from litestar import Response
from litestar.datastructures import Cookie

HEADERS: Final = {
    "Cache-Control": "no-store",
    # The address of a link holds its secret.
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}


def link_page(secret: str, return_to: str | None) -> Response[bytes]:
    """A button: whatever fetches the page beforehand does not use up the link."""
    fields = _hidden("secret", secret) + ("" if return_to is None else _hidden("return_to", return_to))
    return page(
        "Sign in",
        "로그인",
        f'<form method="post" action="/sign-in/link">{fields}'
        '<button>Sign in · <span lang="ko">로그인</span></button></form>',
    )


def by_link_page() -> Response[bytes]:
    """What to do where there is no issuer."""
    return page(
        "Sign in",
        "로그인",
        "<p>Ask an operator for a link: <code>sillok people sign-in-link PERSON</code>.</p>"
        '<p lang="ko">운영자에게 로그인 링크를 요청하십시오.</p>',
    )


def refused_page(detail: str, status: int) -> Response[bytes]:
    """Why nobody was signed in."""
    return page(
        "Not signed in",
        "로그인되지 않음",
        f'<p>{escape(detail)}</p><p><a href="/sign-in">Sign in again · <span lang="ko">다시 로그인</span></a></p>',
        status=status,
    )


def signed_out_page(*cookies: Cookie) -> Response[bytes]:
    """The session has ended."""
    again = '<p><a href="/sign-in">Sign in again · <span lang="ko">다시 로그인</span></a></p>'
    return page("Signed out", "로그아웃됨", again, cookies=cookies)


def page(
    english: str, korean: str, body: str, *, status: int = 200, cookies: tuple[Cookie, ...] = ()
) -> Response[bytes]:
    """A page with a heading in both languages."""
    content = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{english} · {korean}</title></head>"
        f'<body><main><h1>{english} · <span lang="ko">{korean}</span></h1>{body}</main></body></html>'
    )
    return Response(content.encode(), status_code=status, media_type="text/html", headers=HEADERS, cookies=cookies)


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'
