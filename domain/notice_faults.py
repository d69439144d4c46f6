"""What is wrong with the notices of a charter; who serves and acknowledges them is in `domain.course_faults`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.charter_document import AutomaticNotice, Charter, NoticeTemplate
from domain.course_faults import may_be_eliminated, may_or_reported
from domain.event import EVENTS
from domain.fault import Fault, unknown
from domain.notice_variables import concerns_consortiums, variables_of
from domain.sentences import never_left_out, parse
from domain.soundness import UNSOUND, in_each, numbered, sound

Template = NoticeTemplate | AutomaticNotice


def notice_faults(charter: Charter) -> Iterator[Fault]:
    of_any = (_recipient_faults, _selected_faults, _left_faults, _eliminated_faults, _text_faults, _variable_faults)
    of_automatic = (_id_faults, _event_faults, _registered_faults, _served_faults, _given_faults, _language_faults)
    yield from in_each("/notices", charter.notices, charter, *of_any)
    yield from in_each("/automatic_notices", charter.automatic_notices, charter, *of_any, *of_automatic)


def _recipient_faults(place: str, notice: Template, _charter: Charter) -> Iterator[Fault]:
    if not notice.recipients:
        yield Fault(f"{place}/recipients", "a notice for nobody")


def _selected_faults(place: str, notice: Template, charter: Charter) -> Iterator[Fault]:
    if "selected" in sound(notice.recipients) and not charter.calls:
        yield Fault(f"{place}/recipients", "without a call no team is ever selected")


def _left_faults(place: str, notice: Template, charter: Charter) -> Iterator[Fault]:
    if "withdrawn" in sound(notice.recipients) and not may_or_reported(charter, "withdraw-team"):
        yield Fault(f"{place}/recipients", "no team may withdraw-team, so that none is ever withdrawn")


def _eliminated_faults(place: str, notice: Template, charter: Charter) -> Iterator[Fault]:
    if "eliminated" in sound(notice.recipients) and not may_be_eliminated(charter):
        yield Fault(f"{place}/recipients", "without cut, gate or condition of independence no team is ever eliminated")


def _text_faults(place: str, notice: Template, _charter: Charter) -> Iterator[Fault]:
    for where, text in _texts(notice).items():
        if text is not UNSOUND:
            used = re.findall(r"{([^{}]*)}", text)
            yield from unknown(f"{place}/{where}", used, notice.variables, "declared variable")


def _variable_faults(place: str, notice: Template, _charter: Charter) -> Iterator[Fault]:
    texts = _texts(notice).values()
    for i, variable in numbered(notice.variables):
        if not any(f"{{{variable}}}" in text for text in texts):
            yield Fault(f"{place}/variables/{i}", f"{variable!r} is used nowhere")


def _id_faults(place: str, notice: AutomaticNotice, charter: Charter) -> Iterator[Fault]:
    if any(notice.id == each.id for each in sound(charter.notices)):
        yield Fault(f"{place}/id", f"{notice.id!r} is a notice that an agency serves")


def _event_faults(place: str, notice: AutomaticNotice, charter: Charter) -> Iterator[Fault]:
    if not notice.events:
        yield Fault(f"{place}/events", "at least one type of event")
    yield from unknown(f"{place}/events", notice.events, EVENTS, "event")
    for name in sound(notice.events):
        if name in EVENTS and not concerns_consortiums(charter, name):
            yield Fault(f"{place}/events", f"no consortium is told of {name}, by anybody: it concerns or reaches none")


def _registered_faults(place: str, notice: AutomaticNotice, _charter: Charter) -> Iterator[Fault]:
    """Whoever is no team yet is told of calls only."""
    of_calls = any("call" in EVENTS[each].__struct_fields__ for each in _known(notice))
    if "registered" in sound(notice.recipients) and not of_calls:
        yield Fault(f"{place}/recipients", "a consortium that is no team is told of calls only")


def _served_faults(place: str, notice: AutomaticNotice, charter: Charter) -> Iterator[Fault]:
    """What is served on record is served to teams, which acknowledge it."""
    if notice.service is None:
        return
    if not any(each.id == "serve-notices" for each in sound(charter.reactions)):
        yield Fault(f"{place}/service", "without the reaction serve-notices nothing is put on record")
    if "registered" in sound(notice.recipients):
        yield Fault(f"{place}/service", "a consortium that is no team is served nothing on record")
    if "acknowledge-notice" not in charter.consortium_decisions:
        yield Fault(f"{place}/service", "no team may acknowledge-notice, so that it would wait for it for ever")


def _given_faults(place: str, notice: AutomaticNotice, _charter: Charter) -> Iterator[Fault]:
    """A template for several types of events names what each of them gives."""
    for name in _known(notice):
        for i, variable in numbered(notice.variables):
            if variable not in variables_of(name):
                yield Fault(f"{place}/variables/{i}", f"{name} gives no {variable!r}")


def _language_faults(place: str, notice: AutomaticNotice, _charter: Charter) -> Iterator[Fault]:
    """A text of which a part has nothing to say has to leave that part out."""
    at_times = {each for name in _known(notice) for each, always in variables_of(name).items() if not always}
    for where, text in _texts(notice).items():
        if text is UNSOUND:
            continue
        try:
            needed = never_left_out(parse(text))
        except ValueError as error:
            yield Fault(f"{place}/{where}", str(error))
            continue
        for variable in sorted(needed & at_times):
            yield Fault(f"{place}/{where}", f"{{{variable}}} has no value at times: it stands in a part in [ ]")


def _known(notice: AutomaticNotice) -> Iterator[str]:
    return (each for each in sound(notice.events) if each in EVENTS)


def _texts(notice: Template) -> dict[str, str]:
    """Every text by its place in the notice."""
    title, body = notice.title, notice.body
    return {"title/en": title.en, "title/ko": title.ko, "body/en": body.en, "body/ko": body.ko}
