"""Random bytes that are cut from larger pieces: nobody is given what another one has."""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor

from service.random_pieces import PIECE_BYTES, random_piece


def test_no_piece_is_given_twice_to_many_threads() -> None:
    with ThreadPoolExecutor(8) as threads:
        pieces = list(threads.map(lambda _number: random_piece(), range(5_000)))
    assert len(set(pieces)) == len(pieces)
    assert {len(each) for each in pieces} == {PIECE_BYTES}


def test_a_process_and_its_child_are_given_others() -> None:
    random_piece()
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that others run threads: the child takes no locks
        child = os.fork()
    if not child:
        os.write(write, b"".join(random_piece() for _each in range(300)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 300 * PIECE_BYTES)
    mine = [random_piece() for _each in range(300)]
    assert len(theirs) == 300 * PIECE_BYTES
    assert not {theirs[at : at + PIECE_BYTES] for at in range(0, len(theirs), PIECE_BYTES)} & set(mine)
