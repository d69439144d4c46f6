"""Submissions to a witness as C2SP tlog-witness writes them."""

from __future__ import annotations

import base64

import pytest

from domain.checkpoint import Checkpoint
from domain.merkle import consistency_proof, root
from domain.note import NoteError
from domain.witnessing import (
    ForkError,
    InconsistentError,
    OldSizeError,
    StaleSizeError,
    Submission,
    read_submission,
    require_continued,
)
from tests.domain.test_checkpoint import CHECKPOINT, LOG, note
from tests.domain.test_merkle import LEAVES, nodes

HASHES = tuple(LEAVES[:4])
# The specification's example; it gives no key.
EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""  # noqa: E501 - the signatures are that long


def tree(size: int) -> Checkpoint:
    return Checkpoint(origin=LOG.name, size=size, root=root(nodes, size))


def test_the_example_of_the_specification_is_read_and_written() -> None:
    found = read_submission(EXAMPLE)
    assert (found.old, len(found.proof), len(found.note.signatures)) == (20852014, 4, 2)
    assert str(found) == EXAMPLE


@pytest.mark.parametrize("proof", [(), HASHES, HASHES * 15 + HASHES[:3]])
def test_a_submission_is_written_as_it_is_read(proof: tuple[bytes, ...]) -> None:
    submission = Submission(40, proof, note())
    assert read_submission(str(submission)) == submission


def test_what_is_nearly_a_submission_is_none() -> None:
    whole = str(Submission(40, HASHES, note(CHECKPOINT)))
    lines = whole.split("\n")
    encoded = base64.b64encode(HASHES[0]).decode()
    for wrong in (
        "",
        "old 40\n",
        "old 40\n\n",
        whole.replace("old 40", "old 040"),
        whole.replace("old 40", "old  40"),
        whole.replace("old 40", "Old 40"),
        whole.replace("old 40", f"old {10**19}"),
        whole.replace("old 40\n", ""),
        whole.replace("\n\n", "\n", 1),
        whole.replace(encoded, encoded[:-1]),
        whole.replace(encoded, encoded[4:]),
        whole.replace(encoded, f" {encoded}"),
        whole[:-1],
        "\n".join([lines[0], *[encoded] * 64, *lines[5:]]),
    ):
        assert wrong != whole
        with pytest.raises(NoteError):
            read_submission(wrong)


def test_every_tree_that_continues_the_last_one_is_cosigned() -> None:
    for old in range(1, 20):
        for new in range(old, 20):
            require_continued(tree(old), old, tuple(consistency_proof(nodes, old, new)), tree(new))
    require_continued(None, 0, (), tree(7))
    require_continued(None, 0, (), tree(0))


def test_no_other_tree_is_cosigned() -> None:
    last, proof = tree(9), tuple(consistency_proof(nodes, 9, 14))
    other = Checkpoint(origin=LOG.name, size=14, root=LEAVES[0])
    with pytest.raises(InconsistentError):
        require_continued(last, 9, proof, other)
    for wrong in ((), proof[:-1], proof[::-1], (*proof, proof[0])):
        with pytest.raises(InconsistentError):
            require_continued(last, 9, wrong, tree(14))
    with pytest.raises(ForkError):
        require_continued(last, 9, (), Checkpoint(origin=LOG.name, size=9, root=LEAVES[0]))
    with pytest.raises(OldSizeError):
        require_continued(last, 9, proof, tree(8))
    for stale in (0, 8, 10):
        with pytest.raises(StaleSizeError) as refused:
            require_continued(last, stale, proof, tree(14))
        assert refused.value.size == 9
