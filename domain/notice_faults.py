"""What is wrong with the notices of a charter; who serves and acknowledges them is in `domain.course_faults`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.charter_document import Charter, NoticeTemplate
from domain.course_faults import may_be_eliminated, may_or_reported
from domain.fault import Fault, unknown
from domain.soundness import UNSOUND, in_each, numbered, sound


def notice_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each(
        "/notices",
        charter.notices,
        charter,
        _recipient_faults,
        _selected_faults,
        _left_faults,
        _eliminated_faults,
        _text_faults,
        _variable_faults,
    )


def _recipient_faults(place: str, notice: NoticeTemplate, _charter: Charter) -> Iterator[Fault]:
    if not notice.recipients:
        yield Fault(f"{place}/recipients", "a notice for nobody")


def _selected_faults(place: str, notice: NoticeTemplate, charter: Charter) -> Iterator[Fault]:
    if "selected" in sound(notice.recipients) and not charter.calls:
        yield Fault(f"{place}/recipients", "without a call no team is ever selected")


def _left_faults(place: str, notice: NoticeTemplate, charter: Charter) -> Iterator[Fault]:
    if "withdrawn" in sound(notice.recipients) and not may_or_reported(charter, "withdraw-team"):
        yield Fault(f"{place}/recipients", "no team may withdraw-team, so that none is ever withdrawn")


def _eliminated_faults(place: str, notice: NoticeTemplate, charter: Charter) -> Iterator[Fault]:
    if "eliminated" in sound(notice.recipients) and not may_be_eliminated(charter):
        yield Fault(f"{place}/recipients", "without cut, gate or condition of independence no team is ever eliminated")


def _text_faults(place: str, notice: NoticeTemplate, _charter: Charter) -> Iterator[Fault]:
    for where, text in _texts(notice).items():
        if text is not UNSOUND:
            used = re.findall(r"{([^{}]*)}", text)
            yield from unknown(f"{place}/{where}", used, notice.variables, "declared variable")


def _variable_faults(place: str, notice: NoticeTemplate, _charter: Charter) -> Iterator[Fault]:
    texts = _texts(notice).values()
    for i, variable in numbered(notice.variables):
        if not any(f"{{{variable}}}" in text for text in texts):
            yield Fault(f"{place}/variables/{i}", f"{variable!r} is used nowhere")


def _texts(notice: NoticeTemplate) -> dict[str, str]:
    """Every text by its place in the notice."""
    title, body = notice.title, notice.body
    return {"title/en": title.en, "title/ko": title.ko, "body/en": body.en, "body/ko": body.ko}
