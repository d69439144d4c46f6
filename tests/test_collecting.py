"""Work that leaves no cycles is not looked through for them, and what comes after it is."""

from __future__ import annotations

import gc

import pytest

from service.collecting import uncollected


def test_nothing_is_looked_through_meanwhile_and_all_is_afterwards() -> None:
    class Ring:
        def __init__(self) -> None:
            self.itself = self

    def rings() -> int:
        return sum(type(each) is Ring for each in gc.get_objects())

    def work() -> None:
        for _each in range(10_000):
            Ring()
        assert rings() == 10_000
        raise ValueError("the work failed")

    with pytest.raises(ValueError, match="the work failed"), uncollected():
        work()
    assert gc.isenabled()
    gc.collect()
    assert rings() == 0


def test_a_process_that_never_looks_does_not_begin_to() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
