"""What goes to endpoints: a notice as a CloudEvent (1.0.2, in JSON), with what proves it once it is sealed."""

from __future__ import annotations

from typing import Final

import msgspec

from domain.checkpoint import read_checkpoint
from domain.deadlines import instant
from domain.envelope import DataSet
from domain.note import read_note
from domain.noticing import Notice
from domain.reasons import RECEIPT
from service.application.delivery_ports import Disabled, Message, Target

NOTICE: Final = "sillok.notice"
TEST: Final = "sillok.endpoint.test"
DISABLED: Final = "sillok.endpoint.disabled"


class SealedAt(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint. `root`: in base64. `note`: as the log signed it."""

    size: int
    root: str
    note: str


class NoticeData(msgspec.Struct, frozen=True, kw_only=True):
    """A notice. `sha256`: of the notice as it was delivered, deterministic JSON. `inbox`: where it is read.

    `receipt_url`: where the receipt is; `receipt`: a C2SP tlog-proof, and `checkpoint` that which it is of; null if
    the notice was sent before its event was sealed.
    """

    notice: Notice
    sha256: str
    inbox: str
    receipt_url: str
    receipt: str | None
    checkpoint: SealedAt | None


class ChallengeData(msgspec.Struct, frozen=True, kw_only=True):
    """A test. `challenge`: to be given back, in the answer as `{"challenge": "…"}`, or by the API."""

    endpoint: str
    challenge: str


class _Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str = "1.0"
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str = "application/json"
    programme: str
    dataset: DataSet
    recipient: str


class NoticeEvent(_Outgoing, frozen=True, kw_only=True):
    """A CloudEvent, `sillok.notice`. `id`: the same whenever it is sent again."""

    data: NoticeData


class ChallengeEvent(_Outgoing, frozen=True, kw_only=True):
    """A CloudEvent, `sillok.endpoint.test`."""

    data: ChallengeData


class DisabledEvent(_Outgoing, frozen=True, kw_only=True):
    """A CloudEvent, `sillok.endpoint.disabled`: nothing goes any more to another endpoint of the same consortium."""

    data: Disabled


def cloud_event(target: Target, message: Message) -> bytes:
    """The body of a webhook."""
    source, notice = f"/v1/programmes/{message.programme}", message.notice
    of = {
        **{"id": message.id, "source": source, "time": instant(message.at), "programme": message.programme},
        **{"dataset": message.data_set, "recipient": target.team},
    }
    if message.disabled is not None:
        return msgspec.json.encode(msgspec.convert({**of, "type": DISABLED, "data": message.disabled}, DisabledEvent))
    if notice is None or message.sha256 is None:
        challenge = ChallengeData(endpoint=target.endpoint, challenge=message.challenge or "")
        return msgspec.json.encode(msgspec.convert({**of, "type": TEST, "data": challenge}, ChallengeEvent))
    data = NoticeData(
        notice=notice,
        sha256=message.sha256,
        inbox=f"{source}/notices/{notice.id}",
        receipt_url=RECEIPT.format(notice.position),
        receipt=message.receipt,
        checkpoint=None if message.receipt is None else sealed_at(message.receipt),
    )
    return msgspec.json.encode(msgspec.convert({**of, "type": NOTICE, "data": data}, NoticeEvent))


def sealed_at(receipt: str) -> SealedAt:
    """The checkpoint that a receipt is of."""
    note = receipt.partition("\n\n")[2]
    found = read_checkpoint(read_note(note).text)
    return SealedAt(size=found.size, root=found.root_text, note=note)
