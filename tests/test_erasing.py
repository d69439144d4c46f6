"""Which erasures a process carries out, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from service.application.erasing import Account, Erase, Subject
from service.application.ports import Ledger


class Emptied:
    """A ledger without an erasure, as far as `head`; and how often all who were erased were erased again."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.again = 0
        self.after: list[int] = []

    def read(self, _query: object, *, after: int) -> _Nothing:
        self.after.append(after)
        return _Nothing(self.head)

    def erase(self, subject: Subject) -> None:
        raise AssertionError(subject)

    def accounts(self, id_: str) -> Sequence[Account]:
        raise AssertionError(id_)

    def erase_again(self) -> None:
        self.again += 1


class _Nothing(list[object]):
    def __init__(self, head: int) -> None:
        super().__init__()
        self.head = head


def test_where_the_database_is_replaced_by_an_older_one_all_are_erased_again() -> None:
    ledger = Emptied(head=9)
    erase = Erase(cast(Ledger, ledger), ledger)
    erase()
    erase()
    assert (ledger.again, ledger.after) == (1, [0, 9])
    ledger.head = 5
    erase()
    assert (ledger.again, ledger.after) == (2, [0, 9, 9, 0])
