"""Policies as C2SP tlog-policy writes them: which cosignatures are enough."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from domain.note import COSIGNATURE, ED25519, VerifierKey
from domain.witness_policy import PolicyError, read_policy
from service.verify import standalone as untyped

STANDALONE: Any = untyped

KEYS = {
    name: VerifierKey(f"{name}.example", COSIGNATURE, hashlib.sha256(name.encode()).digest())
    for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")
}
LOG = VerifierKey("log.example", ED25519, hashlib.sha256(b"log").digest())
WITNESSES = "".join(f"witness {name} {key}\n" for name, key in KEYS.items())
SPECIFICATION = f"""# the example of the specification
log {LOG} https://log.example/v1

{WITNESSES}
\tgroup X-witnesses 2  X1 X2 X3
group Y-witnesses any Y1 Y2 Y3\t

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def met(policy: str, *names: str) -> bool:
    """For the stand-alone verifier as well, whose note these have signed."""
    found = read_policy(policy).is_met([KEYS[each] for each in names])
    witnesses, groups, quorum = STANDALONE.read_policy(policy)
    public = {KEYS[each].public_key for each in names}
    seen = {name for name, (_name, _id, key) in witnesses.items() if key in public}
    assert STANDALONE.is_met(groups, quorum, seen) == found
    return found


def test_the_example_of_the_specification() -> None:
    policy = read_policy(SPECIFICATION)
    assert policy.logs == (LOG,)
    assert [each.key for each in policy.witnesses] == list(KEYS.values())
    assert met(SPECIFICATION, "X1", "X3", "Y2")
    assert met(SPECIFICATION, *KEYS)
    for names in ((), ("X1", "X2"), ("X1", "Y1"), ("Y1", "Y2", "Y3"), ("X1", "X2", "X3")):
        assert not met(SPECIFICATION, *names)


@pytest.mark.parametrize(("count", "enough"), [("1", 1), ("any", 1), ("2", 2), ("3", 3), ("all", 3)])
def test_so_many_of_a_group_are_enough(count: str, enough: int) -> None:
    policy = f"{WITNESSES}group g {count} X1 X2 X3\nquorum g\n"
    for number in range(4):
        assert met(policy, *("X1", "X2", "X3")[:number]) == (number >= enough)
    assert not met(policy, "Y1", "Y2", "Y3")


def test_one_witness_can_be_the_quorum_and_so_can_none() -> None:
    assert met(f"{WITNESSES}quorum Y1\n", "Y1")
    assert not met(f"{WITNESSES}quorum Y1\n", "Y2", "X1")
    assert met("quorum none\n")


def test_a_name_is_a_policys_own_and_the_key_is_what_counts() -> None:
    policy = read_policy(f"witness Y1 {KEYS['X1']} https://w.example\nquorum Y1\n")
    assert policy.is_met([KEYS["X1"]])
    assert not policy.is_met([KEYS["Y1"]])
    assert policy.witnesses[0].url == "https://w.example"


def test_the_same_rule_is_told_from_another_one() -> None:
    renamed = SPECIFICATION.replace("X-witnesses", "xs").replace("X1 X2 X3", "X3 X1 X2")
    assert read_policy(renamed).rule == read_policy(SPECIFICATION).rule
    others = [
        SPECIFICATION.replace(" 2  X1", " 3  X1"),
        SPECIFICATION.replace("quorum X-and-Y", "quorum X-witnesses"),
        SPECIFICATION.replace(str(KEYS["Y3"]), str(VerifierKey("Y3", COSIGNATURE, bytes(32)))),
    ]
    assert len({read_policy(each).rule for each in (SPECIFICATION, *others, "quorum none")}) == 5


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ("", "no quorum"),
        (WITNESSES, "no quorum"),
        ("quorum X1", "line 1: X1 is neither"),
        ("quorum none\nquorum none", "line 2: a line is"),
        ("group g any\nquorum g", "line 1: a line is"),
        ("group g any g\nquorum g", "line 1: g is neither"),
        ("group g any none\nquorum g", "line 1: none is neither"),
        (f"{WITNESSES}group g 0 X1\nquorum g", "a group needs"),
        (f"{WITNESSES}group g 2 X1\nquorum g", "a group needs"),
        (f"{WITNESSES}group g 01 X1\nquorum g", "a group needs"),
        (f"{WITNESSES}group g 1 X1 X1\nquorum g", "X1 is in a group already"),
        (f"{WITNESSES}group g 1 X1\ngroup h 1 X1\nquorum g", "X1 is in a group already"),
        (f"{WITNESSES}group X1 1 X2\nquorum X1", "X1 means something"),
        (f"witness none {KEYS['X1']}\nquorum none", "none means something"),
        (f"witness a {KEYS['X1']}\nwitness b {KEYS['X1']}\nquorum none", "line 2: the key of X1.example is on"),
        (f"witness a {LOG}\nquorum none", "a key of logs"),
        (f"log {KEYS['X1']}\nquorum none", "a key of witnesses"),
        ("witness a nonsense\nquorum none", "line 1: a verifier key is"),
        ("quorum none\r\n", "line 1: control"),
        ("policy none", "line 1: a line is"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(wrong: str, because: str) -> None:
    with pytest.raises(PolicyError, match=because):
        read_policy(wrong)
    with pytest.raises(ValueError, match=r"poli|key|need|member"):
        STANDALONE.read_policy(wrong)
