"""Verify a Sillok bundle with nothing of Sillok: Python 3.11 or later and the package `cryptography`.

    python verify.py FOLDER --log-key KEY [--log-key KEY] [--state FILE] [--policy FILE] [--receipt FILE] [--public]

KEY is the log's verifier key, name+id+key, as somebody told you whom you trust: never take it from the bundle, nor from
whoever gave you the bundle. Give each key that the log has signed with, one --log-key for each: every checkpoint has to
be signed by one of them. FILE is yours: it keeps the size and root that were verified last, and the next record has to
go on from there; also that of another log, if it says that it came after that one. The policy (C2SP tlog-policy) is
yours as well: which witnesses have to have cosigned. Of each receipt (C2SP tlog-proof) of this log, one --receipt for
each, the record has to hold what it shows. With --public, what events commit to may be left out, and outcomes are not
looked at.

What is verified, in this order:

1. Every file in `checkpoints` is a note (C2SP signed-note, tlog-checkpoint) that a key of the log signed, none of more
   events than the bundle has, none with another root than one of the same size.
2. Line n of `events.ndjson` is the event of position n; its entry is made again from salt, envelope and data; the
   Merkle tree (RFC 9162) over all entries has the root that was signed, at every size that was signed.
3. No name stands twice in what events, envelopes and commands say, which readers would read as two things. Every event
   of the programme, its envelope and its command have the fields that such have, the event the tags of what it says,
   an id of its own, numbers that are decimals, the hash of the rules in force and their data set, and a time of
   decision within an hour of the record.
4. Every decision that carries an agency's signature (detached JWS, Ed25519) carries a right one, by a key that the
   agency had registered and not revoked; where the charter asks for one there is one. Every event is of a decision that
   comes to such, by whom the charter lets make it, and says what its command says, in every field that both have. A key
   is its owner's, and vouched for by one that the owner has; an approval is of what was proposed and waits, by somebody
   else of an agency that the charter names, is followed by what it approves, and stands where the charter always asks
   for one or an amendment takes two; results have the agreement of every joint publisher.
5. Whenever a stage was settled, its standings are derived again from charter, sheets, measurements and certified
   figures, and have the digest that was recorded; what the service showed (`standings`) is what is derived. Every
   certificate names such a digest, and the root of as many events of this record as it says.

Ends with 0 if all is right, else with the code of the first fault: 10 edited, 11 removed, 12 reordered, 13 inserted,
14 truncated, 15 forked, 16 wrong tally, 17 bad signature.
"""

import argparse
import base64
import binascii
import functools
import gc
import hashlib
import json
import re
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CODES = {
    "edited": 10,
    "removed": 11,
    "reordered": 12,
    "inserted": 13,
    "truncated": 14,
    "forked": 15,
    "wrong-tally": 16,
    "bad-signature": 17,
}


UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,  # of a number that is too great for a time
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What comes of taking something for what it is not."""


class Fault(Exception):  # noqa: N818 — it is what is found
    """What is wrong, and from which position on; 0 if that is nothing in the ledger."""

    def __init__(self, kind, position, detail):
        self.kind, self.position = kind, position
        place = f" at position {position}" if position else ""
        super().__init__(f"{kind}{place}: {detail}")


def once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


ONCE = json.JSONDecoder(object_pairs_hook=once)  # kept: to make one takes as long as to read a line


def read_json(content):
    """Of UTF-8 bytes, each name standing once. Raises `ValueError`."""
    text = content.decode()
    try:
        said = ONCE.decode(text)
        require_characters(text, said)
    except RecursionError:
        raise ValueError("it goes too deep") from None
    return said


def require_characters(text, said):
    if "\\ud" in text or "\\uD" in text:
        json.dumps(said, ensure_ascii=False).encode()  # half a character is none


def canonical(value):
    """The one way to write it (RFC 8785), where names are ASCII and no number has a fraction."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text):
    raw = binascii.a2b_base64(text)
    if to_base64(raw) != text:
        raise ValueError("not base64")
    return raw


def to_base64(raw):
    return binascii.b2a_base64(raw, newline=False).decode()


def unbase64url(text):
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise ValueError("not base64url")
    return raw


PRIME = 2**255 - 19
EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL = {0, 1, PRIME - 1, EIGHTH, PRIME - EIGHTH}  # the y of each point whose order divides 8


def weak(public):
    """Anybody can sign for such a point; or it is not written in the one way (RFC 8032, 5.1.3)."""
    y = int.from_bytes(public, "little") % 2**255
    return y >= PRIME or y in SMALL


def signed_by(public, message, signature):
    if weak(public):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# 1. Checkpoints


def read_key(text, kind=b"\x01"):
    """Name, id and public key of `name+id+key`; of a log, or of a witness."""
    found = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})", text)
    key = unbase64(found[3]) if found else b""
    if key[:1] != kind or len(key) != 33 or sha256(found[1].encode(), b"\n", key)[:4].hex() != found[2]:
        raise ValueError(f"{text!r} is not name+id+key, of an Ed25519 key of such a signer")
    return found[1], bytes.fromhex(found[2]), key[1:]


def read_log_keys(texts):
    keys = [read_key(each) for each in texts]
    if len({name for name, _id, _public in keys}) > 1:
        raise ValueError("they are keys of more logs than one")
    return keys


def read_note(note):
    """The text that is signed, and signatures by name and id of the key."""
    text, blank, lines = note.rpartition("\n\n")
    if any(each < " " and each != "\n" for each in note) or len(note) > 2**18:
        raise ValueError("it is no note")
    if not blank or not text or not lines.endswith("\n") or lines.count("\n") > 100:
        raise ValueError("a note is a text, an empty line, and signatures")
    signatures = {}
    for line in lines[:-1].split("\n"):
        found = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})", line)
        value = unbase64(found[2]) if found else b""
        if len(value) <= 4:
            raise ValueError("a signature is a dash, the key's name, and id and signature in base64")
        signatures.setdefault((found[1], value[:4]), value[4:])
    return text + "\n", signatures


def read_checkpoint(note, log_keys):
    """Size and root of a checkpoint that one of the log's keys signed, and what it says to come after."""
    text, signatures = read_note(note)
    name = log_keys[0][0]
    signed = False
    for _name, id_, public in log_keys:
        if (name, id_) in signatures:
            if not signed_by(public, text.encode(), signatures[name, id_]):
                raise ValueError(f"the signature of {name} is wrong")
            signed = True
    if not signed:
        raise ValueError(f"it is not signed by {name}")
    origin, size, root, *more = text[:-1].split("\n")
    if not re.fullmatch("0|[1-9][0-9]{0,18}", size) or len(unbase64(root)) != 32 or "" in more:
        raise ValueError("it is no checkpoint")
    if origin != name:
        raise ValueError(f"it is of {origin}, not of {name}")
    return int(size), unbase64(root), next(filter(None, map(read_after, more)), None)


def read_after(line):
    """Origin, size and root of the last checkpoint of a log that this one came after, if the line says that."""
    found = re.fullmatch(r"after (\S+) (0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]{43}=)", line)
    try:
        return (found[1], int(found[2]), unbase64(found[3])) if found else None
    except ValueError:
        return None


def read_state(file):
    """What was kept, if anything was."""
    if file is None or not file.exists():
        return None
    state = read_json(file.read_bytes())
    types = [type(state.get(each)) for each in ("origin", "size", "root")] if type(state) is dict else []
    if types != [str, int, str] or state["size"] < 0:
        raise ValueError(f"{file} holds no checkpoint that was kept")
    return {**state, "root": unbase64(state["root"])}


def signed_roots(folder, size, log_keys, state, receipts):
    """Every root that was signed, by size, with those that were kept; and which log's last the log came after."""
    signed, after = [], None
    name = log_keys[0][0]
    for file in sorted((folder / "checkpoints").glob("*")):
        try:
            found, root, cited = read_checkpoint(file.read_text(encoding="utf-8"), log_keys)
        except (ValueError, OSError) as error:
            raise Fault("bad-signature", 0, f"checkpoint {file.name}: {error}") from None
        if file.name.removesuffix(".other") != str(found):
            raise Fault("bad-signature", 0, f"checkpoint {file.name} is of size {found}")
        signed.append((found, root))
        after = cited if file.name == str(size) else after
    if not (folder / "checkpoints" / str(size)).exists():
        raise Fault("bad-signature", 0, f"there is no checkpoint of size {size}, which the bundle says it has")
    roots = {}
    for found, root in sorted(signed, key=lambda each: (each[0] != size, each[0])):
        hold(roots, size, found, root)
    if state:
        if state["origin"] != name:
            check_closed(state, name, after)
        hold(roots, size, state["size"], state["root"])
    for file in receipts:
        try:
            kept = read_receipt(file.read_text(encoding="utf-8"), log_keys)
        except ValueError as error:
            raise Fault("bad-signature", 0, f"receipt {file}: {error}") from None
        hold(roots, size, *kept)
    return roots, after


def hold(roots, size, kept_size, root):
    """The log of that size goes on from what it had signed, which is a root to hold from here on."""
    if kept_size > size:
        raise Fault("truncated", size + 1, f"the log had signed {kept_size} events, and has {size} now")
    if roots.setdefault(kept_size, root) != root:
        raise Fault("forked", 0, f"the log signed two trees of size {kept_size}")


def read_receipt(text, log_keys):
    """Size and root of the checkpoint in a receipt (C2SP tlog-proof); the entry in it is in that tree."""
    head, _, note = text.partition("\n\n")
    kind, entry, index, *proof = head.split("\n")
    found = re.fullmatch("index (0|[1-9][0-9]{0,18})", index)
    if kind != "c2sp.org/tlog-proof@v1" or not re.fullmatch(r"extra \S+", entry) or not found:
        raise ValueError("it is no receipt")
    size, root, _after = read_checkpoint(note, log_keys)
    leaf = sha256(b"\x00", unbase64(entry.removeprefix("extra ")))
    if root_from(leaf, int(found[1]), size, [unbase64(each) for each in proof]) != root:
        raise ValueError("its entry is not in the tree of its checkpoint")
    return size, root


def root_from(node, index, size, proof):
    """The root that a leaf and its proof come to (RFC 9162, 2.1.3.2); nothing if they come to none."""
    last = size - 1
    for each in proof:
        if index > last or not last:
            return None
        if index % 2 or index == last:
            node = sha256(b"\x01", each, node)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            node = sha256(b"\x01", node, each)
        index, last = index // 2, last // 2
    return node if index == last == 0 else None


def check_closed(state, name, after):
    """This log came after the one that was kept, as that one ended."""
    kept, size = state["origin"], state["size"]
    if after is None or after[0] != kept:
        raise Fault("forked", 0, f"this is the log {name}, and {kept} was kept")
    if size > after[1]:
        raise Fault("truncated", after[1] + 1, f"{kept} had signed {size} events, and is said to have ended before")
    if size == after[1] and state["root"] != after[2]:
        raise Fault("forked", 0, f"{kept} signed two trees of size {size}")


def read_policy(content):
    """Witnesses by name, each with name, id and public key; groups; what is asked for, which has to be said."""
    witnesses, groups, quorum = {}, {}, None
    for line in content.split("\n"):
        items = re.findall("[^ \t]+", line)
        if any(each < " " and each != "\t" for each in line):
            raise ValueError("control characters in a policy")
        match items:
            case ["witness", name, key] | ["witness", name, key, _] if name not in {*witnesses, *groups, "none"}:
                witnesses[name] = read_key(key, b"\x04")
                if sum(witnesses[name][2] == public for _name, _id, public in witnesses.values()) > 1:
                    raise ValueError(f"the key of {name} is on a line before")
            case ["group", name, count, *members] if members and name not in {*witnesses, *groups, "none"}:
                grouped = [*members, *(each for _count, others in groups.values() for each in others)]
                count = {"all": str(len(members)), "any": "1"}.get(count, count)
                if not set(members) <= {*witnesses, *groups} or len(set(grouped)) < len(grouped):
                    raise ValueError(f"the members of {name} are to be of lines before, each in one group")
                if not re.fullmatch("[1-9][0-9]{0,3}", count) or int(count) > len(members):
                    raise ValueError(f"{name} needs all, any, or 1 to {len(members)} of its members")
                groups[name] = int(count), members
            case ["quorum", name] if quorum is None and name in {*witnesses, *groups, "none"}:
                quorum = name
            case ["log", key] | ["log", key, _]:
                read_key(key, b"\x01")
            case [first, *_] if not first.startswith("#"):
                raise ValueError(f"{line!r} is no line of a policy")
    if quorum is None:
        raise ValueError("the policy has no quorum line")
    return witnesses, groups, quorum


def is_met(groups, name, seen):
    """Whether those that were seen are enough for a witness, a group or nobody."""
    if name in groups:
        count, members = groups[name]
        return sum(is_met(groups, each, seen) for each in members) >= count
    return name == "none" or name in seen


def check_policy(note, policy):
    """As many witnesses as the policy asks for have signed the checkpoint, each with the time. Raises `Fault`."""
    witnesses, groups, quorum = policy
    text, signatures = read_note(note)
    seen = set()
    for name, (signer, id_, public) in witnesses.items():
        if (signer, id_) in signatures:
            value = signatures[signer, id_]
            time = int.from_bytes(value[:8], "big")
            message = f"cosignature/v1\ntime {time}\n{text}".encode()
            if len(value) != 72 or time >= 2**63 or not signed_by(public, message, value[8:]):
                raise Fault("bad-signature", 0, f"the cosignature of {signer} is wrong")
            seen.add(name)
    if not is_met(groups, quorum, seen):
        raise Fault("bad-signature", 0, f"{', '.join(sorted(seen)) or 'nobody'} cosigned, which is not enough")


# 2. The record


def prefixed(part):
    return len(part).to_bytes(4, "big") + part


EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
RECORDED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


EXPORTED = {"position": int, "programme": str, "type": str, "version": int, "recorded_at": str, "entry": str}
COMMITTED = {"event_id": str, "tags": list, "salt": str, "envelope": str, "data": str}  # what the entry is hashed over
NAMED = EXPORTED | COMMITTED


def read_line(content):
    """A line of the ledger; nothing if it is none. Each name stands once, and no other does."""
    try:
        line = read_json(content)
        if type(line) is dict and line.keys() <= NAMED.keys():
            line = {name: value for name, value in line.items() if value is not None}
            unbase64(line.get("salt", "")), unbase64(line.get("entry", ""))
            if line.keys() >= EXPORTED.keys() and all(type(line[name]) is NAMED[name] for name in line):
                return line
    except (ValueError, TypeError):
        pass
    return {}


def complete(line):
    return COMMITTED.keys() <= line.keys()


def entry_of(line, position):
    """The entry that a line makes at a position; nothing if it makes none."""
    try:
        if complete(line):
            salt = unbase64(line["salt"])
            if len(salt) != 16:
                return b""
            committed = sha256(salt, prefixed(line["envelope"].encode()), prefixed(line["data"].encode()))
        else:
            committed = unbase64(line["entry"])[-32:]
        if not RECORDED.fullmatch(line["recorded_at"]):
            return b""
        recorded = (datetime.fromisoformat(line["recorded_at"]) - EPOCH) // MICROSECOND
        return b"".join(
            (
                b"\x01",
                position.to_bytes(8, "big"),
                prefixed(line["programme"].encode()),
                prefixed(line["type"].encode()),
                line["version"].to_bytes(4, "big"),
                recorded.to_bytes(8, "big", signed=True),
                committed,
            )
        )
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        return b""


def leaf_of(line, position):
    return sha256(b"\x00", entry_of(line, position))


class Tree:
    """The perfect subtrees that the leaves so far make, from the left, each with its number of leaves."""

    def __init__(self):
        self.subtrees = []

    def add(self, leaf):
        count = 1
        while self.subtrees and self.subtrees[-1][0] == count:
            leaf = sha256(b"\x01", self.subtrees.pop()[1], leaf)
            count *= 2
        self.subtrees.append((count, leaf))

    def root(self):
        if not self.subtrees:
            return sha256()
        whole = self.subtrees[-1][1]
        for _count, left in reversed(self.subtrees[:-1]):
            whole = sha256(b"\x01", left, whole)
        return whole


def roots_of(leaves, sizes):
    tree, found = Tree(), {0: sha256()}
    for size, leaf in enumerate(leaves, start=1):
        tree.add(leaf)
        if size in sizes:
            found[size] = tree.root()
    return found


def check_record(folder, lines, programme, roots, public):
    size = max(roots)
    entries = [entry_of(line, position) for position, line in enumerate(lines, start=1)]
    own = [sha256(b"\x00", entry) for entry in entries]
    content = (folder / "leaves").read_bytes() if (folder / "leaves").is_file() else b""
    leaves = [content[at : at + 32] for at in range(0, len(content), 32)]
    found = roots_of(own, roots)
    served = found if leaves == own else roots_of(leaves, {size})
    known = leaves if len(leaves) == size and served[size] == roots[size] else None

    recorded_at = ""
    for position, line in enumerate(lines, start=1):
        if position > size:
            raise Fault("inserted", position, f"the log signed {size} events")
        same = line.get("entry") == to_base64(entries[position - 1])
        if line.get("position") != position or not same or (known and own[position - 1] != known[position - 1]):
            raise named(lines, known, position, size)
        check_content(line, line["programme"] == programme and not public)
        if line["recorded_at"] < recorded_at:
            raise Fault("reordered", position, "it was recorded before the event that stands before it")
        recorded_at = line["recorded_at"]
    if len(lines) < size:
        raise Fault("truncated", len(lines) + 1, f"the record ends, and the log signed {size} events")
    others = [each for each in roots if found[each] != roots[each]]
    if others:
        last = max((each for each in roots if each < min(others)), default=0)
        raise Fault("forked", last + 1, f"the record is another one than the log signed, after its first {last} events")
    if leaves != own:
        shorter = min(len(own), len(leaves))
        at = next((n for n in range(shorter) if own[n] != leaves[n]), shorter)
        raise Fault("edited", at + 1, "the file leaves, not the record")


def named(lines, leaves, position, size):
    """What was done at the first position that is wrong: where its event is now, and where this one belongs."""

    def belongs(line, at):
        return leaf_of(line, at) == leaves[at - 1] if leaves else line.get("position") == at

    line = lines[position - 1]
    if belongs(line, position):
        return Fault("edited", position, "the event and its entry differ")
    later = any(belongs(each, position) for each in lines[position:])
    place = next((at for at in range(1, size + 1) if belongs(line, at)), 0)
    if later and place > position:
        return Fault("reordered", position, f"the event that stands here belongs to position {place}")
    if later or 0 < place < position:
        return Fault("inserted", position, "an event that the log has not here")
    if place or line.get("position", 0) > position:
        return Fault("removed", position, "the event of the log is not there")
    return Fault("edited", position, "the event is not what the log signed")


def check_content(line, wanted):
    """What nobody vouches for but the line itself. `wanted`: what the entry is hashed over has to be there."""
    if wanted and not complete(line):
        raise Fault("removed", line["position"], "what the event says is left out")
    if not complete(line):
        if COMMITTED.keys().isdisjoint(line):
            return
        raise Fault("edited", line["position"], "a part stands there that is not hashed without the others")
    try:
        envelope, data = (read_json(line[each].encode()) for each in ("envelope", "data"))
        for command in (envelope.get("command"), data.get("command")):
            if type(command) is str:
                read_json(command.encode())
        same = (line["event_id"], line["tags"]) == (envelope["event_id"], envelope["tags"])
    except UNREADABLE as error:
        detail = f"its envelope, its data, or a command in them: {error}"
        raise Fault("edited", line["position"], detail) from None
    if not same:
        raise Fault("edited", line["position"], "its id or tags are not those of its envelope")


# 3. What events say. The tables are from the rulebook, by `make specs`.

# Texts by the names that shapes have for them.
TEXTS = {
    "text": "(?s:.*)",
    "said": "(?s:.{1,4000})",
    "name": "(?s:.{1,200})",
    "points": "(?s:.{0,40})",
    "id": "[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?",
    "node": "[a-z0-9.-]{1,64}(/[a-z0-9.-]{1,64})?",
    "whole": "0|[1-9][0-9]{0,8}",
    "ordinal": "[1-9][0-9]{0,18}",
    "days": "0|[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650",
    "cut": "none|0|[1-9][0-9]{0,8}",
    "quorum": "[1-9][0-9]{0,8}|undisclosed",
    "precision": "[0-6]|undisclosed",
    "sha256": "[0-9a-f]{64}",
    "root": "[A-Za-z0-9+/]{43}=",
    "evaluator": "ev-[0-9a-f]{16}",
    "subject": "[a-z]{2,8}-[0-9a-f]{16}",
    "proposal": "[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?:[0-9a-f-]{36}",
}
# Events, commands, charter, envelope and what is in them, by name: fields, each with its shape. `field?` may be left
# out; where `*` stands there may be more. A shape is a text, `number`, `truth`, `any`, `=one|other` of these texts,
# `[each]`, `{values}`, or another of these lines; after it `?` if it may be null, `;` before what it may be instead.
SHAPES = """
Actor agency:text party?:=agency|consortium|system principal:text *
AdditionalCall after:id classes:[EligibleClass] closes:said id:id review?:=re-entrants|required seats:whole
    title:Names
AdditionalCallOpened call:text classes:[text] closes:text seats:text stage:text
Agency id:id name:Names
AmendmentAssented amendment:number rules_hash:text stance:=assent|dissent statement?:text? team:text
ApplicationScreened call:text evidence?:[sha256] independence:=met|not_met|not_reviewed independence_reason?:Names?
    reason:Names screening:=admitted|refused team:text
Assessment criteria:[Criterion] id:id maximum:points title:Names
AutomaticNotice body:Names events:[said] id:id
    recipients:[=advanced|eliminated|enrolled|registered|selected|withdrawn] service?:Service? title:Names
    variables?:[id]
Benchmark ceiling?:points? floor?:points? harness?:sha256? id:id version:said
Boundary after:number query:Query *
Calendar closes:said opens:said
CallApplicationReceived call:text eligible_class:text members?:[text] name:Names reenters?:text? team:text
CallClosedWithoutSelection call:text reason:Names stage:text
CallTeamSelected call:text members?:[text] name:Names reason:Names reenters?:text? stage:text team:text
CertificateIssued agency:text digest:text origin:text root:text settlement:number size:number stage:text
Charter agencies:[Agency] automatic_notices?:[AutomaticNotice] calls?:[AdditionalCall] consortium_decisions?:[id]
    countersignatures?:[Countersignature] data_set:=live|public-record|rehearsal disclosure?:[Disclosure]
    entitlements?:[Entitlement] evidence_kinds?:[id] format:=sillok-charter/1 independence:Independence
    joint_publishers:[id] mandates:[Mandate] notice:Names notices?:[NoticeTemplate] owner:id programme:id
    proposal_days?:days reactions?:[Reaction] recorder?:id? resources?:[Resource] seats:whole signed?:[id]
    source?:said? stages:[Stage] title:Names zone?:=Asia/Seoul|UTC
CharterAmended deviation:truth document:text reason?:Names? replaces:text rules_hash:text
CharterPublished document:text rules_hash:text
Condition id:id mandatory:=no|undisclosed|yes text:Names
ConflictDeclared evaluator:text reason:text stage:text teams:[text]
ConsortiumChanged effective:text joined:[text] left:[text] team:text
Countersignature agencies:[id] decisions:[id] same_agency?:=no|yes when?:=after-close|always
Criterion id:id index?:text items?:[Item] maximum:points scoring:Judged;Measured;Unpublished title:Names
DecisionApproved command_hash:sha256 decision:text proposal:text proposer:Actor
DecisionProposed awaiting:[text] command:text command_hash:sha256 decision:text effects:sha256 events:[text]
    expires_at:text proposal:text proposer:Actor signed_by?:text?
DecisionRejected proposal:text reason:text
DeviationRecorded actual:text approver:text planned:text reason:Names stage:text subject:=eliminations
Disclosure events:[said] public:=agencies|at-once|with-results
EligibleClass id:id requires?:=former-team|none|not-former-team|undisclosed title:Names
Entitlement resources?:[id] status:=advanced|enrolled|selected titles?:[said]
Envelope actor:Actor attribution:=decided|reported boundary?:Boundary? causation?:text? command?:text?
    command_type?:text? data_set:=live|public-record|rehearsal decided_at:text decided_by?:text? decider?:text?
    decision_id?:text? effective_at?:text? event_id:text rules_hash?:text? signature?:text? source?:text? tags:[text]
    *
EvaluatorAppointed evaluator:text group?:text? panel:text stage:text
EvaluatorRecused evaluator:text reason:text stage:text team:text?
EvaluatorReplaced evaluator:text group?:text? panel:text reason:text replacement:text stage:text teams:[text]
EvidenceRegistered kind:text sha256:text stage:text team:text title:text
ExclusionRecorded below_quorum:truth criterion:text deciders?:[text] evaluator:text reason:text stage:text team:text
FieldSealed commitment:text field:=affiliation|contact|name|statement subject:text
FigureCertified deciders?:[text] figure:PointsOf;MeanOf;HighestOf;RankGroup;GateOutcome source:text stage:text
Finding condition:id perspective:id reason?:Names? verdict:=met|not_met|undisclosed
Foreseen events:sha256 holdings:sha256 standings:sha256 teams:sha256
Gate id:id minimum:points node:said
GateOutcome gate:id outcome:=failed|passed team:id kind:=gate
GrantAdjusted ends:text? grant:text quantity:text? reason:Names resource:text starts:text team:text
GrantResumed grant:text reason:Names resource:text starts:text team:text
GrantRevoked grant:text reason:Names resource:text starts:text team:text
GrantSuspended grant:text reason:Names resource:text starts:text team:text
Group id:id title:Names weight:points
HighestOf node:node teams:[id] value:points kind:=highest
Independence perspectives:[Perspective] review?:IndependenceReview?
IndependenceOpinionGiven evaluator:text opinion:=met|not_met reason:text stage:text team:text
IndependenceReview panel?:id? statement_days:days
IndependenceReviewOpened reason:text stage:text team:text
IndependenceRuled deciders?:[text] evidence:[sha256];=undisclosed findings:[Finding];=undisclosed perspectives:[text]
    reason:Names stage:text supersedes?:number? team:text verdict:=met|not_met
Index id:id title:Names
Item id:id maximum:points title:Names
Judged aggregate:=mean|median|trimmed-mean|undisclosed|weighted-mean missing?:=left-out|required|zero
    normalise?:=min-max|none|z-score panel:id trim?:whole? type:=judged
KeyRegistered agency:text jwk:PublicKey key:text party?:=agency|consortium
KeyRevoked agency:text key:text reason:text
Mandate agencies:[id] decisions:[id]
MeanOf node:node value:points kind:=mean
Measured benchmarks:[Benchmark] ceiling?:points?
    conversion:=capped-ratios|linear|mean-of-percentages|relative-to-best|undisclosed floor?:points?
    missing?:=left-out|required|zero type:=measured
MeasurementCorrected benchmark:text criterion:text deciders?:[text] reason:text stage:text supersedes:number
    target?:Target? team:text value:text
MeasurementRecorded benchmark:text criterion:text deciders?:[text] stage:text target?:Target? team:text value:text
Names en:said ko:said
NoticeAcknowledged notice:text team:text
NoticeServed deadline:text notice:text subject:text team:text template:text values:{text}
NoticeTemplate acknowledge_days:days body:Names id:id recipients:[=advanced|eliminated|enrolled|selected|withdrawn]
    title:Names variables?:[id]
ObjectionDecided objection:text outcome:=dismissed|inadmissible|upheld reason:text stage:text
    subject:=outcome|ruling|score team:text
ObjectionFiled evidence?:[sha256] grounds:text objection:text stage:text subject:=outcome|ruling|score team:text
ObjectionWindow counts_from?:=publication|service days:days deemed_days?:days
ObjectionsWaived stage:text team:text
OutcomeSuperseded basis:=gate|objection|rank|ruling deciders?:[text] objection?:text? reason:Names stage:text
    team:text to:=advanced|eliminated was:=advanced|eliminated
Panel groups?:[Group] id:id quorum:quorum replacement?:=allowed|none size:whole title:Names
Perspective conditions:[Condition] id:id requires?:=all|any title:Names
PointsOf node:node team:id value:points kind:=points
ProposalWithdrawn proposal:text reason:text
PublicKey crv:=Ed25519 kty:=OKP x:said
Query items?:[QueryItem] *
QueryItem tags?:[text] types?:[text] *
RankGroup best:text teams:[id] worst:text kind:=rank-group
Reaction days?:days id:id template?:id?
ReleaseAgreed agency:text principal:text stage:text
Resource id:id kind:=access|count title:Names unit?:said?
ResourceGranted ends:text grant:text quantity:text? resource:text starts:text team:text
ResourcePoolSet ends:text quantity:text? reason?:Names? resource:text starts:text
ResultsPublished objections_until?:text? publishers:[text] stage:text
ScoreCorrected criterion:text deciders?:[text] evaluator:text item?:text? points:text reason:text stage:text
    supersedes:number team:text
ScoreSubmitted criterion:text deciders?:[text] evaluator:text item?:text? points:text stage:text team:text
ScoringClosed stage:text
ScoringReopened deciders?:[text] objection?:text? reason:Names stage:text
Service acknowledge_days:days by:=delivered|inbox|opened
Stage assessments:[Assessment] calendar?:Calendar? eliminate:cut gates?:[Gate] id:id indices?:[Index] maximum:points
    objections?:ObjectionWindow? panels?:[Panel] precision:precision
    rounding:=down|half-down|half-even|half-up|undisclosed|up tie_break?:[text] title:Names
StageConsolidated basis:=certified|computed|mixed deciders?:[text] digest:text position:number stage:text
StageFinalised stage:text
StageOpened stage:text teams:[text]
StageReconsolidated basis:=certified|computed|mixed deciders?:[text] digest:text position:number reason:Names
    stage:text supersedes:number
StatementGiven evidence?:[sha256] stage:text statement:text team:text
StatementRequested question:text stage:text team:text until:text
SubjectErased legal_basis:=consent-withdrawn|legal-obligation|purpose-fulfilled|request-of-subject|unlawful-processing
    subject:text
Target model:name value:points
TeamAdvanced deciders?:[text] reason:Names stage:text team:text
TeamEliminated basis:=gate|rank|ruling|withdrawal deciders?:[text] reason:Names stage:text team:text
TeamEnrolled members?:[text] name:Names team:text
TeamWithdrawn reason:Names stage?:text? team:text
TitleConferred team:text title:text
TitleWithdrawn reason:Names team:text title:text
Unpublished type:=undisclosed
UsageReported correction?:Names? ends:text grant:text quantity:text? resource:text starts:text team:text
acknowledge-notice attribution?:=decided|reported decided_by?:id? notice:id source?:said? team:id
adjust-grant attribution?:=decided|reported decided_by?:id? ends?:text? grant:id quantity?:whole? reason:Names
    resource:id source?:said? starts:text
advance-team attribution?:=decided|reported decided_by?:id? reason:Names source?:said? stage:id team:id
amend-charter attribution?:=decided|reported charter:{any} decided_by?:id? reason?:Names? source?:said?
apply-to-call attribution?:=decided|reported call:id decided_by?:id? eligible_class:id members?:[name] name:Names
    reenters?:id? source?:said? team:id
appoint-evaluator affiliations?:[id] attribution?:=decided|reported decided_by?:id? evaluator:evaluator group?:id?
    panel:id source?:said? stage:id
approve attribution?:=decided|reported command_hash:sha256 decided_by?:id? effects?:Foreseen? proposal:proposal
    source?:said?
assent-amendment attribution?:=decided|reported decided_by?:id? rules_hash:sha256 source?:said? stance:=assent|dissent
    statement?:said? team:id
certify-figure attribution?:=decided|reported decided_by?:id? figure:PointsOf;MeanOf;HighestOf;RankGroup;GateOutcome
    source?:said? stage:id
change-consortium attribution?:=decided|reported decided_by?:id? effective:text joined?:[name] left?:[name]
    source?:said? team:id
close-call attribution?:=decided|reported call:id decided_by?:id? reason:Names source?:said?
close-scoring attribution?:=decided|reported decided_by?:id? source?:said? stage:id
confer-title attribution?:=decided|reported decided_by?:id? source?:said? team:id title:said
consolidate-stage attribution?:=decided|reported decided_by?:id? source?:said? stage:id
correct-measurement attribution?:=decided|reported benchmark:id criterion:node decided_by?:id? reason:said
    source?:said? stage:id target?:Target? team:id value:points
correct-score attribution?:=decided|reported criterion:node decided_by?:id? evaluator:evaluator item?:id?
    points:points reason:said source?:said? stage:id team:id
decide-objection attribution?:=decided|reported decided_by?:id? objection:id outcome:=dismissed|inadmissible|upheld
    reason:said source?:said? stage:id team?:id?
declare-conflict attribution?:=decided|reported decided_by?:id? evaluator:evaluator reason:said source?:said? stage:id
    teams:[id]
eliminate-team attribution?:=decided|reported basis:=gate|rank|ruling decided_by?:id? reason:Names source?:said?
    stage:id team:id
enrol-team attribution?:=decided|reported decided_by?:id? members?:[name] name:Names source?:said? team:id
erase-subject attribution?:=decided|reported decided_by?:id?
    legal_basis?:=consent-withdrawn|legal-obligation|purpose-fulfilled|request-of-subject|unlawful-processing?
    source?:said? subject:subject
file-objection attribution?:=decided|reported decided_by?:id? evidence?:[sha256] grounds:said objection:id
    source?:said? stage:id subject:=outcome|ruling|score team:id
finalise-stage attribution?:=decided|reported decided_by?:id? source?:said? stage:id
give-opinion attribution?:=decided|reported decided_by?:id? evaluator:evaluator opinion:=met|not_met reason:said
    source?:said? stage:id team:id
give-statement attribution?:=decided|reported decided_by?:id? evidence?:[sha256] source?:said? stage:id statement:said
    team:id
grant-resource attribution?:=decided|reported decided_by?:id? ends:text grant:id quantity?:whole? resource:id
    source?:said? starts:text team:id
issue-certificate attribution?:=decided|reported decided_by?:id? digest:sha256 root:root size:ordinal source?:said?
    stage:id
open-additional-call after:id attribution?:=decided|reported call:id decided_by?:id? source?:said?
open-independence-review attribution?:=decided|reported decided_by?:id? reason:said source?:said? stage:id team:id
open-stage attribution?:=decided|reported decided_by?:id? source?:said? stage:id
propose attribution?:=decided|reported command:{any} decided_by?:id? decision:id source?:said?
publish-charter attribution?:=decided|reported charter:{any} decided_by?:id? source?:said?
publish-results attribution?:=decided|reported decided_by?:id? publishers:[id] source?:said? stage:id
reconsolidate-stage attribution?:=decided|reported decided_by?:id? reason:Names source?:said? stage:id
record-deviation actual:whole approver?:id? attribution?:=decided|reported decided_by?:id? reason:Names source?:said?
    stage:id subject:=eliminations
record-exclusion attribution?:=decided|reported below_quorum?:truth criterion:node decided_by?:id? evaluator:evaluator
    reason:said source?:said? stage:id team:id
record-measurement attribution?:=decided|reported benchmark:id criterion:node decided_by?:id? source?:said? stage:id
    target?:Target? team:id value:points
recuse-evaluator attribution?:=decided|reported decided_by?:id? evaluator:evaluator reason:said source?:said? stage:id
    team?:id?
register-evidence attribution?:=decided|reported decided_by?:id? kind:id sha256:sha256 source?:said? stage:id team:id
    title:said
register-key agency:id attribution?:=decided|reported decided_by?:id? jwk:PublicKey key:id source?:said?
reject attribution?:=decided|reported decided_by?:id? proposal:proposal reason:said source?:said?
reopen-scoring attribution?:=decided|reported decided_by?:id? objection?:id? reason:Names source?:said? stage:id
replace-evaluator affiliations?:[id] attribution?:=decided|reported decided_by?:id? evaluator:evaluator reason:said
    replacement:evaluator source?:said? stage:id
report-usage attribution?:=decided|reported correction?:Names? decided_by?:id? ends:text grant:id quantity?:whole?
    source?:said? starts:text team:id
request-statement attribution?:=decided|reported decided_by?:id? question:said source?:said? stage:id team:id
resume-grant attribution?:=decided|reported decided_by?:id? grant:id reason:Names source?:said? starts:text
revoke-grant attribution?:=decided|reported decided_by?:id? grant:id reason:Names source?:said? starts:text
revoke-key agency:id attribution?:=decided|reported decided_by?:id? key:id reason:said source?:said?
rule-independence attribution?:=decided|reported decided_by?:id? evidence?:[sha256];=undisclosed
    findings?:[Finding];=undisclosed perspectives:[id] reason:Names source?:said? stage:id team:id
    verdict:=met|not_met
screen-application attribution?:=decided|reported call:id decided_by?:id? evidence?:[sha256]
    independence?:=met|not_met|not_reviewed independence_reason?:Names? reason:Names screening:=admitted|refused
    source?:said? team:id
seal-field attribution?:=decided|reported commitment:sha256 decided_by?:id? field:=affiliation|contact|name|statement
    source?:said? subject:subject
select-team attribution?:=decided|reported call:id decided_by?:id? reason:Names source?:said? team:id
serve-notice attribution?:=decided|reported decided_by?:id? notice:id source?:said? subject:said team:id template:id
    values?:{said}
set-resource-pool attribution?:=decided|reported decided_by?:id? ends:text quantity?:whole? reason?:Names? resource:id
    source?:said? starts:text
submit-score attribution?:=decided|reported criterion:node decided_by?:id? evaluator:evaluator item?:id? points:points
    source?:said? stage:id team:id
supersede-outcome attribution?:=decided|reported basis:=gate|objection|rank|ruling decided_by?:id? objection?:id?
    reason:Names source?:said? stage:id team:id to:=advanced|eliminated
suspend-grant attribution?:=decided|reported decided_by?:id? grant:id reason:Names source?:said? starts:text
waive-objections attribution?:=decided|reported decided_by?:id? source?:said? stage:id team:id
withdraw-proposal attribution?:=decided|reported decided_by?:id? proposal:proposal reason:said source?:said?
withdraw-team attribution?:=decided|reported decided_by?:id? reason:Names source?:said? team:id
withdraw-title attribution?:=decided|reported decided_by?:id? reason:Names source?:said? team:id title:said
"""
# What events of version 1 did not say, where there is a version 2.
FORMER = {
    "DecisionProposed": {"signed_by": None},
    "KeyRegistered": {"party": "agency"},
    "MeasurementRecorded": {"deciders": []},
    "ReleaseAgreed": {"principal": ""},
    "ScoreSubmitted": {"deciders": []},
}
# The tags of each event: kind and the fields that are told in it.
TAGS = {
    "AdditionalCallOpened": "programme: call:call",
    "AmendmentAssented": "programme: stance:rules_hash/team",
    "ApplicationScreened": "call:call application:call/team",
    "CallApplicationReceived": "call:call application:call/team",
    "CallClosedWithoutSelection": "programme: call:call",
    "CallTeamSelected": "programme: call:call application:call/team team:team",
    "CertificateIssued": "stage:stage",
    "CharterAmended": "programme:",
    "CharterPublished": "programme:",
    "ConflictDeclared": "stage:stage evaluator:stage/evaluator",
    "ConsortiumChanged": "programme: team:team",
    "DecisionApproved": "proposal:proposal programme:",
    "DecisionProposed": "proposal:proposal programme:",
    "DecisionRejected": "proposal:proposal programme:",
    "DeviationRecorded": "stage:stage",
    "EvaluatorAppointed": "stage:stage evaluator:stage/evaluator",
    "EvaluatorRecused": "stage:stage evaluator:stage/evaluator",
    "EvaluatorReplaced": "stage:stage evaluator:stage/evaluator evaluator:stage/replacement",
    "EvidenceRegistered": "team:team evidence:sha256 review:stage/team",
    "ExclusionRecorded": "stage:stage evaluator:stage/evaluator",
    "FieldSealed": "subject:subject",
    "FigureCertified": "stage:stage",
    "GrantAdjusted": "resource:resource team:team grant:grant",
    "GrantResumed": "team:team grant:grant",
    "GrantRevoked": "resource:resource team:team grant:grant",
    "GrantSuspended": "team:team grant:grant",
    "IndependenceOpinionGiven": "review:stage/team team:team opinion:stage/team/evaluator",
    "IndependenceReviewOpened": "review:stage/team team:team stage:stage",
    "IndependenceRuled": "programme: stage:stage team:team review:stage/team",
    "KeyRegistered": "programme:",
    "KeyRevoked": "programme:",
    "MeasurementCorrected": "stage:stage team:team measurement:stage/team/criterion/benchmark",
    "MeasurementRecorded": "stage:stage team:team measurement:stage/team/criterion/benchmark",
    "NoticeAcknowledged": "notice:notice team:team",
    "NoticeServed": "notice:notice team:team",
    "ObjectionDecided": "stage:stage objection:objection",
    "ObjectionFiled": "stage:stage objection:objection",
    "ObjectionsWaived": "stage:stage",
    "OutcomeSuperseded": "programme: stage:stage team:team",
    "ProposalWithdrawn": "proposal:proposal programme:",
    "ReleaseAgreed": "stage:stage",
    "ResourceGranted": "resource:resource team:team grant:grant",
    "ResourcePoolSet": "resource:resource",
    "ResultsPublished": "stage:stage programme:",
    "ScoreCorrected": "stage:stage team:team sheet:stage/team/criterion/evaluator/item",
    "ScoreSubmitted": "stage:stage team:team sheet:stage/team/criterion/evaluator/item",
    "ScoringClosed": "stage:stage",
    "ScoringReopened": "stage:stage programme:",
    "StageConsolidated": "stage:stage",
    "StageFinalised": "stage:stage programme:",
    "StageOpened": "stage:stage programme:",
    "StageReconsolidated": "stage:stage",
    "StatementGiven": "review:stage/team team:team",
    "StatementRequested": "review:stage/team team:team",
    "SubjectErased": "subject:subject",
    "TeamAdvanced": "programme: stage:stage team:team",
    "TeamEliminated": "programme: stage:stage team:team",
    "TeamEnrolled": "programme: team:team",
    "TeamWithdrawn": "programme: team:team stage:stage",
    "TitleConferred": "programme: team:team",
    "TitleWithdrawn": "programme: team:team",
    "UsageReported": "team:team grant:grant",
}


PLAIN = {"text": {str}, "text?": {str, type(None)}, "number": {int}, "truth": {bool}}
"""Shapes that are a type, or null."""


def whatever(shape):
    """A function that says whether a value is of the shape."""
    if shape in PLAIN:
        types = PLAIN[shape]
        return lambda value: type(value) in types
    if shape.endswith("?"):
        inner = whatever(shape[:-1])
        return lambda value: value is None or inner(value)
    if ";" in shape:
        several = [whatever(each) for each in shape.split(";")]
        return lambda value: any(each(value) for each in several)
    if shape == "[text]":
        return lambda value: type(value) is list and {*map(type, value)} <= {str}
    if shape[0] in "[{":
        inner, kind = whatever(shape[1:-1]), list if shape[0] == "[" else dict
        return lambda value: type(value) is kind and all(map(inner, value.values() if kind is dict else value))
    if shape[0] == "=":
        words = set(shape[1:].split("|"))
        return lambda value: type(value) is str and value in words
    if shape == "any":
        return lambda _value: True
    if shape in TEXTS:
        written = re.compile(TEXTS[shape]).fullmatch
        return lambda value: type(value) is str and written(value) is not None
    return lambda value: is_shaped(shape, value)


def is_shaped(name, value):
    """Whether a value is an object with the fields of that line of `SHAPES`."""
    shapes, needed, _left_out, open_ = FIELDS[name]
    if type(value) is not dict or not needed <= value.keys():
        return False
    for field, said in value.items():
        shape = shapes.get(field)
        if shape is None:
            if not open_:
                return False
        elif type(said) not in shape if type(shape) is set else not shape(said):
            return False
    return True


def fields_of(items):
    """Of a line: the shapes of its fields, those that are needed, what others say if left out, if there may be more."""
    shapes, needed, left_out = {}, set(), {}
    for each in (each for each in items if each != "*"):
        field, _, shape = each.partition(":")
        shapes[field.rstrip("?")] = PLAIN.get(shape) or whatever(shape)
        if not field.endswith("?"):
            needed.add(field)
        elif shape.endswith("?"):
            left_out[field[:-1]] = None
        elif shape[0] in "[=":
            left_out[field[:-1]] = [] if shape[0] == "[" else shape[1:].partition("|")[0]
    return shapes, needed, left_out, "*" in items


FIELDS = {name: fields_of(items) for name, *items in map(str.split, SHAPES.strip().replace("\n    ", " ").splitlines())}


def refuse(text):
    raise ValueError(f"{text} is no number")


LAST = json.JSONDecoder(parse_constant=refuse)


def read_any(text):
    """What JSON says; of a name that stands twice, the last. Raises `ValueError`."""
    try:
        return LAST.decode(text)
    except RecursionError:
        raise ValueError("it goes too deep") from None


def read_said(name, text, former=None):
    """What JSON says that is an object of that line of `SHAPES`. Raises `ValueError`."""
    said = read_any(text)
    require_characters(text, said)
    if former and type(said) is dict:
        said |= former
    if not is_shaped(name, said):
        raise ValueError(f"it is no {name}")
    return said


def read_whole(name, text, former=None):
    """And with what may be left out."""
    said = FIELDS[name][2] | read_said(name, text, former)
    for who in ("actor", "proposer"):
        if who in said:
            said[who] = {each: said[who].get(each, "agency") for each in ("agency", "principal", "party")}
    return said


def read_event(line):
    """Raises `ValueError`."""
    type_, former = line["type"], FORMER.get(line["type"])
    if type_ not in TAGS or not 1 <= line["version"] <= (1 if former is None else 2):
        raise ValueError(f"{type_} version {line['version']} is not known here")
    return read_whole(type_, line["data"], former if line["version"] == 1 else None)


def told_in(tag):
    kind, _, named = tag.partition(":")
    return kind, named.split("/") if named else []


TAGGED = {type_: [told_in(each) for each in tags.split()] for type_, tags in TAGS.items()}


def tags_of(type_, event, programme):
    """What decisions find an event by: of what is null nothing is told."""
    for kind, named in TAGGED[type_]:
        parts = [
            event[field].rpartition(":")[2] if field == "proposal" else event[field]
            for field in named
            if event[field] is not None
        ]
        if parts or not named:
            yield "/".join((f"{kind}:{programme}", *parts))
    if type_ == "NoticeServed" and "counts-from" in event["values"]:
        yield f"programme:{programme}"


def require_tags(type_, event, envelope, programme):
    if envelope["tags"] != list(tags_of(type_, event, programme)):
        raise ValueError("its tags are not those of what it says, so decisions do not find it")


# 4. Signatures


GUARDING = {"register-key", "revoke-key", "amend-charter"}  # signed wherever anything is
# Of a detached JWS: `iat` is in seconds since 1970.
HEADER = {"alg": str, "typ": str, "kid": str, "programme": str, "decision": str, "jti": str, "iat": int}
# Each decision comes to one event, an approval to one more: what was proposed. From the rulebook, by `make specs`.
DECISION_OF = {
    "AdditionalCallOpened": "open-additional-call",
    "AmendmentAssented": "assent-amendment",
    "ApplicationScreened": "screen-application",
    "CallApplicationReceived": "apply-to-call",
    "CallClosedWithoutSelection": "close-call",
    "CallTeamSelected": "select-team",
    "CertificateIssued": "issue-certificate",
    "CharterAmended": "amend-charter",
    "CharterPublished": "publish-charter",
    "ConflictDeclared": "declare-conflict",
    "ConsortiumChanged": "change-consortium",
    "DecisionApproved": "approve",
    "DecisionRejected": "reject",
    "DeviationRecorded": "record-deviation",
    "EvaluatorAppointed": "appoint-evaluator",
    "EvaluatorRecused": "recuse-evaluator",
    "EvaluatorReplaced": "replace-evaluator",
    "EvidenceRegistered": "register-evidence",
    "ExclusionRecorded": "record-exclusion",
    "FieldSealed": "seal-field",
    "FigureCertified": "certify-figure",
    "GrantAdjusted": "adjust-grant",
    "GrantResumed": "resume-grant",
    "GrantRevoked": "revoke-grant",
    "GrantSuspended": "suspend-grant",
    "IndependenceOpinionGiven": "give-opinion",
    "IndependenceReviewOpened": "open-independence-review",
    "IndependenceRuled": "rule-independence",
    "KeyRegistered": "register-key",
    "KeyRevoked": "revoke-key",
    "MeasurementCorrected": "correct-measurement",
    "MeasurementRecorded": "record-measurement",
    "NoticeAcknowledged": "acknowledge-notice",
    "NoticeServed": "serve-notice",
    "ObjectionDecided": "decide-objection",
    "ObjectionFiled": "file-objection",
    "ObjectionsWaived": "waive-objections",
    "OutcomeSuperseded": "supersede-outcome",
    "ProposalWithdrawn": "withdraw-proposal",
    "ReleaseAgreed": "publish-results",
    "ResourceGranted": "grant-resource",
    "ResourcePoolSet": "set-resource-pool",
    "ResultsPublished": "publish-results",
    "ScoreCorrected": "correct-score",
    "ScoreSubmitted": "submit-score",
    "ScoringClosed": "close-scoring",
    "ScoringReopened": "reopen-scoring",
    "StageConsolidated": "consolidate-stage",
    "StageFinalised": "finalise-stage",
    "StageOpened": "open-stage",
    "StageReconsolidated": "reconsolidate-stage",
    "StatementGiven": "give-statement",
    "StatementRequested": "request-statement",
    "SubjectErased": "erase-subject",
    "TeamAdvanced": "advance-team",
    "TeamEliminated": "eliminate-team",
    "TeamEnrolled": "enrol-team",
    "TeamWithdrawn": "withdraw-team",
    "TitleConferred": "confer-title",
    "TitleWithdrawn": "withdraw-title",
    "UsageReported": "report-usage",
}


# Fields of an event that its command may leave out, with what it says then. From the rulebook, by `make specs`.
LEFT_OUT = {
    "AmendmentAssented": {"statement": None},
    "ApplicationScreened": {"evidence": [], "independence": "not_reviewed", "independence_reason": None},
    "CallApplicationReceived": {"members": [], "reenters": None},
    "CharterAmended": {"reason": None},
    "ConsortiumChanged": {"joined": [], "left": []},
    "EvaluatorAppointed": {"group": None},
    "EvaluatorRecused": {"team": None},
    "ExclusionRecorded": {"below_quorum": False},
    "GrantAdjusted": {"ends": None, "quantity": None},
    "IndependenceRuled": {"evidence": [], "findings": []},
    "MeasurementCorrected": {"target": None},
    "MeasurementRecorded": {"target": None},
    "NoticeServed": {"values": {}},
    "ObjectionFiled": {"evidence": []},
    "OutcomeSuperseded": {"objection": None},
    "ResourceGranted": {"quantity": None},
    "ResourcePoolSet": {"quantity": None, "reason": None},
    "ScoreCorrected": {"item": None},
    "ScoreSubmitted": {"item": None},
    "ScoringReopened": {"objection": None},
    "StatementGiven": {"evidence": []},
    "SubjectErased": {"legal_basis": None},
    "TeamEnrolled": {"members": []},
    "UsageReported": {"correction": None, "quantity": None},
}
CHANGES_RESULTS = {  # after these an agreement to release results is one to others
    *("StageConsolidated", "ScoringReopened", "StageReconsolidated", "IndependenceRuled", "DeviationRecorded"),
    *("TeamAdvanced", "TeamEliminated", "TeamWithdrawn", "OutcomeSuperseded"),
}
# The system as an actor, what a charter may have it do by itself, and the decision of each.
SYSTEM = "system:sillok"
REACTIONS = {
    "close-calls": "close-call",
    "confer-titles": "confer-title",
    "finalise-stages": "finalise-stage",
    "open-calls": "open-additional-call",
    "remind-of-acknowledgements": "serve-notice",
    "remind-of-calls": "serve-notice",
    "remind-of-objections": "serve-notice",
    "remind-of-statements": "serve-notice",
    "revoke-grants": "revoke-grant",
    "serve-notices": "serve-notice",
    "suspend-grants": "suspend-grant",
}
# What a charter may let a team decide about itself, and whether nobody else says it for the team.
OF_ITSELF = {
    "acknowledge-notice": True,
    "apply-to-call": False,
    "assent-amendment": True,
    "change-consortium": False,
    "file-objection": True,
    "give-statement": True,
    "report-usage": False,
    "waive-objections": True,
    "withdraw-team": True,
}
# What no mandate is needed for: who makes it is said below.
OF_NO_MANDATE = {
    "approve",
    "issue-certificate",
    "propose",
    "register-key",
    "reject",
    "revoke-key",
    "withdraw-proposal",
}


def differing(type_, event, command):
    """The fields of an event that are not what was asked for, of those that both have or a command may leave out."""
    left_out = LEFT_OUT.get(type_, {})
    for field in sorted({*command, *left_out}):
        if field not in left_out and (field not in event or command[field] is None):
            continue  # the event says nothing of it, or the decision fills it in
        if (type_, field) != ("ResultsPublished", "publishers") and not same(
            command.get(field, left_out.get(field)), event.get(field)
        ):
            yield field


def same(asked, says):
    """Whether an event's value is a command's, but for what is left out within it, and for numbers told as text."""
    if isinstance(asked, list) and isinstance(says, list):
        return len(asked) == len(says) and all(map(same, asked, says))
    if isinstance(asked, dict) and isinstance(says, dict):
        return all(same(asked.get(each), says.get(each)) for each in {*asked, *says})
    return asked == says or (isinstance(says, int) and asked == str(says))


def given_to_two(charter):
    """What no amendment changes that is not countersigned."""
    named = [
        (each["decisions"], each["agencies"], each.get("same_agency", "no"), each.get("when", "always"))
        for each in charter.get("countersignatures", ())
    ]
    return named, charter["joint_publishers"], list(charter.get("signed", ()))


def countersigners(charter, decision, proposer):
    """The agencies of which one must approve a decision of the proposer's."""
    return {
        agency
        for each in charter.get("countersignatures", ())
        if decision in each["decisions"]
        for agency in each["agencies"]
        if agency != proposer or each.get("same_agency") == "yes"
    }


ATTRIBUTION = {"attribution": "decided", "source": None, "decided_by": None}  # where a command leaves it out


def maker(envelope):
    return [envelope[each] for each in ("decision_id", "command_type", "actor", "decided_at", *ATTRIBUTION)]


def check_causation(position, envelope):
    """Only what the system decides follows by itself, and from what was recorded before."""
    cause = envelope.get("causation")
    if cause is None:
        return
    if envelope["actor"]["party"] != "system":
        raise ValueError("it is said to follow by itself, and somebody decided it")
    if re.fullmatch("[1-9][0-9]{0,18}", cause) is None or int(cause) >= position:
        raise ValueError("it follows from nothing that was recorded before")


def check_notice_id(event, by, envelope):
    """What is served by itself has an id that follows from what it is of; nobody else's is of that form."""
    if envelope.get("decider") == "serve-notice/1":  # it knew no such ids
        return
    notice, of = event["notice"], f"{event['team']}/{event['template']}"
    if by["party"] != "system":
        taken = re.fullmatch("(reminder-)?[0-9]+-[0-9a-f]{16}", notice) is not None
    else:
        own = f"{envelope.get('causation')}-{hashlib.sha256(of.encode()).hexdigest()[:16]}"
        taken = by["principal"].partition("/")[0] == "serve-notices" and notice != own
    if taken:
        raise ValueError(f"{notice} is the id of another notice, which is served by itself")


class Signatures:
    """The keys of one programme's agencies and teams, what has to be signed, and what was signed, proposed and agreed.

    What signatures are held against could be made up by whoever could make up signatures; so every event says what its
    own command says, whoever made it may by the charter, and keys are their owner's and vouched for.
    """

    def __init__(self, programme):
        self.programme = programme
        self.keys = {}  # id -> (owner: id and party, public key)
        self.revoked = set()
        self.used = set()
        self.proposed = {}  # proposal -> (event, key that it was signed with)
        self.settled = set()  # proposals that wait no more
        self.approved = (None, None, None)  # position and maker of the last approval, the proposal's event
        self.due = False  # what was approved is to come next
        self.charter = None  # the one in force
        self.opened = False  # whether any stage is, or was
        self.teams = set()  # all that ever took part
        self.agreed = defaultdict(dict)  # stage -> agency -> who agreed for it
        self.decisions = self.signed = 0

    @property
    def must_be_signed(self):
        signed = set((self.charter or {}).get("signed", ()))
        return signed | GUARDING if signed else set()

    def take(self, position, type_, event, envelope):
        """Raises `Fault`."""
        try:
            key = self.signer(type_, event, envelope)
            actor = envelope["actor"]
            approved = self.proposal_of(position, envelope)
            check_causation(position, envelope)
            proposal = event if type_ == "DecisionProposed" else approved
            command, by = self.check_decision(type_, event, envelope, proposal)
            match type_:
                case "KeyRegistered":
                    self.register(event, (actor["agency"], actor["party"]), key)
                case "KeyRevoked":
                    self.revoke(event, (actor["agency"], actor["party"]))
                case "CharterPublished" | "CharterAmended":
                    self.govern(type_, event, command)
                case "DecisionProposed":
                    self.propose(event, envelope, key)
                case "DecisionApproved":
                    self.approve(event, command, envelope, position)
                case "DecisionRejected":
                    self.waits(event, actor)
                    self.settled.add(event["proposal"])
                case "ProposalWithdrawn":
                    self.withdraw(event, actor)
                case "StageOpened":
                    self.opened = True
                case "TeamEnrolled" | "CallTeamSelected":
                    self.teams.add(event["team"])
                case "ReleaseAgreed":
                    self.agree(event, by)
                case "ResultsPublished":
                    self.publish(event, by)
                case "CertificateIssued":
                    self.require_publisher(event, by)
                case "NoticeServed":
                    check_notice_id(event, by, envelope)
            if type_ in CHANGES_RESULTS:
                self.agreed.pop(event["stage"], None)
            require_tags(type_, event, envelope, self.programme)
        except ValueError as error:
            raise Fault("bad-signature", position, str(error)) from None
        except UNREADABLE as error:
            raise Fault("bad-signature", position, f"its command: {type(error).__name__} {error}") from None

    def proposal_of(self, position, envelope):
        """What was approved by the decision that the event is of, if it follows an approval, as the next one has to."""
        at, by, proposal = self.approved
        follows = envelope["command"] is None and at is not None and at + 1 == position and by == maker(envelope)
        due, self.due = self.due, False
        if due and not follows:
            raise ValueError("what was approved before it did not follow")
        return proposal if follows else None

    def check_decision(self, type_, event, envelope, proposal):
        """The command and who made it: such a decision comes to the event, by whom the charter lets make it.

        What always is, was countersigned. `proposal`: what was proposed, in the place of what was sent.
        """
        if self.charter is None and type_ != "CharterPublished":
            raise ValueError("a programme begins with its charter")
        told, by = (envelope, envelope["actor"]) if proposal is None else (proposal, proposal["proposer"])
        decision = envelope["command_type"] if proposal is None else proposal["decision"]
        if told["command"] is None:
            raise ValueError("it is an event of no decision")
        if type_ != "DecisionProposed" and DECISION_OF.get(type_) != decision:
            raise ValueError(f"{decision} does not come to {type_}")
        if proposal is not None and (decision in OF_NO_MANDATE or decision not in DECISION_OF.values()):
            raise ValueError(f"{decision} is never proposed")
        command = read_said(decision, told["command"])
        if type_ in ("CharterPublished", "CharterAmended"):
            read_said("Charter", event["document"])
        charter = json.loads(event["document"]) if self.charter is None else self.charter
        self.check_mandate(decision, command, by, charter)
        if envelope["command"] is not None:
            said = ATTRIBUTION | (command if proposal is None else json.loads(envelope["command"]))
            if any(envelope[each] != said[each] for each in ATTRIBUTION):
                raise ValueError(f"it is attributed to others than {envelope['command_type']} says")
        if type_ == "DecisionProposed":
            return command, by
        if proposal is None and self.takes_two(decision, event):
            raise ValueError(f"{decision} of {by['agency']} is not countersigned")
        if others := ", ".join(differing(type_, event, command)):
            raise ValueError(f"{type_} has another {others} than {decision} of {by['agency']}")
        return command, by

    def check_mandate(self, decision, command, by, charter):
        """Whoever made the decision may make it; what is recorded only is said to be."""
        reported = command.get("attribution", "decided") == "reported"
        if reported != (charter["data_set"] == "public-record"):
            raise ValueError(f"{decision} is reported where it is decided, or decided where it is reported")
        whose = command.get("decided_by")
        if whose is not None and not (reported and whose in {each["id"] for each in charter["agencies"]}):
            raise ValueError(f"{whose} is no agency that decided what others report")
        if reported and command.get("source") is None:
            raise ValueError(f"{decision} is reported from nowhere")
        if decision in OF_NO_MANDATE and by["party"] != "system":
            return
        agency = by["agency"]
        if by["party"] == "system":
            named = [each["id"] for each in charter.get("reactions", ())]
            reaction = by["principal"].partition("/")[0]
            may = agency == SYSTEM and reaction in named and REACTIONS.get(reaction) == decision
        elif by["party"] == "consortium":
            may = decision in OF_ITSELF and decision in charter.get("consortium_decisions", ())
            may = may and command.get("team") == agency
        else:
            may = any(decision in each["decisions"] and agency in each["agencies"] for each in charter["mandates"])
            may = may and (reported or not OF_ITSELF.get(decision))
        if not may:
            raise ValueError(f"{agency} may not {decision}")

    def takes_two(self, decision, event):
        """Whether it is countersigned at any time: what is reported never is."""
        if self.charter is None or self.charter["data_set"] == "public-record":
            return False
        if decision == "amend-charter" and (
            self.opened or given_to_two(json.loads(event["document"])) != given_to_two(self.charter)
        ):
            return True
        return decision == "record-deviation" or any(
            decision in each["decisions"] and each.get("when", "always") == "always"
            for each in self.charter.get("countersignatures", ())
        )

    def signer(self, type_, event, envelope):
        """The key that a decision is signed with, at its first event; nothing if it is not, and need not be."""
        actor, command = envelope["actor"], envelope["command"]
        if command is None:
            return None
        self.decisions += 1
        if envelope["signature"] is not None:
            self.signed += 1
            try:
                return self.check(envelope, actor, command)
            except UNREADABLE as error:
                raise ValueError(str(error)) from None
        made = {envelope["command_type"]}
        if type_ == "DecisionProposed":
            made.add(event["decision"])
        elif type_ in ("DecisionApproved", "DecisionRejected", "ProposalWithdrawn"):
            proposal, _key = self.proposed.get(event["proposal"], (None, None))
            made.add(proposal["decision"] if proposal else None)
        if made & self.must_be_signed:
            raise ValueError(f"{actor['agency']} did not sign what has to be signed")
        return None

    def check(self, envelope, actor, command):
        """A detached JWS over the very command: by whom, for what, when. Raises `ValueError`."""
        protected, _, value = envelope["signature"].partition("..")
        header = read_json(unbase64url(protected))
        if {name: type(said) for name, said in header.items()} != HEADER or len(envelope["signature"]) > 2048:
            raise ValueError("its header is none")
        if header["alg"] not in ("EdDSA", "Ed25519") or header["typ"] != "sillok-decision+jws":
            raise ValueError("it is no signature of a decision")
        if (header["programme"], header["decision"]) != (self.programme, envelope["command_type"]):
            raise ValueError("the signature was made for something else")
        age = datetime.fromisoformat(envelope["decided_at"]) - datetime.fromtimestamp(header["iat"], UTC)
        if not timedelta(seconds=-60) <= age <= timedelta(hours=24):
            raise ValueError("the signature was made too long before the decision, or after it")
        key = header["kid"]
        asked = read_any(command)
        if envelope["command_type"] == "register-key" and asked["key"] == key and key not in self.keys:
            public = unbase64url(asked["jwk"]["x"])
        else:
            if key not in self.keys:
                raise ValueError(f"no key {key} is registered")
            owner, public = self.keys[key]
            if owner != (actor["agency"], actor["party"]) or key in self.revoked:
                raise ValueError(f"{key} is no key that {actor['agency']} may sign with")
        message = f"{protected}.{base64.urlsafe_b64encode(command.encode()).rstrip(b'=').decode()}"
        if not signed_by(public, message.encode(), unbase64url(value)):
            raise ValueError(f"the signature is not that of {key} over this command")
        use = (actor["party"], actor["agency"], header["jti"])
        if use in self.used:
            raise ValueError(f"request {header['jti']} was signed once, and stands twice")
        self.used.add(use)
        return key

    def live_of(self, owner):
        """The ids of its keys that are not revoked."""
        return {key for key, (of, _public) in self.keys.items() if of == owner} - self.revoked

    def register(self, event, owner, signer):
        key, public = event["key"], unbase64url(event["jwk"]["x"])
        if (event["agency"], event.get("party", "agency")) != owner or len(public) != 32 or weak(public):
            raise ValueError(f"{owner[0]} registered a key of {event['agency']}, or one that is none")
        self.require_known(owner)
        if key in self.keys or public in (known for _of, known in self.keys.values()):
            raise ValueError(f"{key} was registered before")
        live = self.live_of(owner)
        if live and signer not in live:
            raise ValueError(f"no key that {owner[0]} has vouches for {key}")
        self.keys[key] = (owner, public)

    def require_known(self, owner):
        """It is an agency of the charter, or a team."""
        name, party = owner
        if name not in (self.teams if party == "consortium" else {each["id"] for each in self.charter["agencies"]}):
            raise ValueError(f"{name} is no {party} of the programme")

    def revoke(self, event, owner):
        self.require_known(owner)
        key, live = event["key"], self.live_of(owner)
        if key not in live or event["agency"] != owner[0]:
            raise ValueError(f"{owner[0]} did not revoke {key}, or has no such key")
        if live == {key} and self.must_be_signed:
            raise ValueError(f"{key} is the only key of {owner[0]}")
        self.revoked.add(key)

    def govern(self, type_, event, command):
        first = type_ == "CharterPublished"
        if first and self.charter is not None:
            raise ValueError("a charter is published once")
        document = json.loads(event["document"])
        if canonical(command["charter"]) != event["document"]:
            raise ValueError("the charter is not the one of its command")
        before = self.charter or document
        if gone := set(before.get("signed", ())) - set(document.get("signed", ())):
            raise ValueError(f"{', '.join(sorted(gone))} would be signed no more")
        if document["data_set"] != before["data_set"]:
            raise ValueError(f"{before['data_set']} stays what it is")
        self.charter = document

    def propose(self, event, envelope, key):
        actor, asked, command = envelope["actor"], envelope["command_type"], envelope["command"]
        if event["proposal"] in self.proposed:
            raise ValueError(f"{event['proposal']} was proposed before")
        if sha256(event["command"].encode()).hex() != event["command_hash"]:
            raise ValueError("the proposal's hash is not that of its command")
        if asked == "propose" and command is not None:
            named = read_said("propose", command)
            same = (named["decision"], named["command"]) == (event["decision"], read_any(event["command"]))
        else:
            same = (asked, command) == (event["decision"], event["command"])
        if event["proposer"] != actor or not same:
            raise ValueError(f"{actor['agency']} did not propose this")
        if event.get("signed_by") not in (None, key):
            raise ValueError(f"the proposal is not signed with {event['signed_by']}")
        if not set(event["awaiting"]) <= countersigners(self.charter, event["decision"], actor["agency"]):
            raise ValueError(f"the charter has others countersign {event['decision']} of {actor['agency']}")
        self.proposed[event["proposal"]] = (event, key)

    def waits(self, event, actor):
        """The proposal, with the key that it was signed with: it waits, and for this countersignature."""
        proposal, key = self.proposed.get(event["proposal"], (None, None))
        if proposal is None or event["proposal"] in self.settled:
            raise ValueError("what is settled was not proposed, or is settled")
        proposer = proposal["proposer"]
        persons = all(each["principal"].startswith("person-") for each in (actor, proposer))
        if (
            actor["principal"] == proposer["principal"]
            or (actor["agency"] == proposer["agency"] and not persons)
            or actor["party"] != "agency"
            or actor["agency"] not in proposal["awaiting"]
            or actor["agency"] not in countersigners(self.charter, proposal["decision"], proposer["agency"])
        ):
            raise ValueError(f"{actor['agency']} was not asked for its countersignature")
        return proposal, key

    def approve(self, event, command, envelope, position):
        proposal, key = self.waits(event, envelope["actor"])
        if any(command[each] != event[each] for each in ("proposal", "command_hash")):
            raise ValueError("it does not name what it approves")
        if any(event[each] != proposal[each] for each in ("command_hash", "decision", "proposer")):
            raise ValueError("it approves what was not proposed")
        if datetime.fromisoformat(envelope["decided_at"]) >= datetime.fromisoformat(proposal["expires_at"]):
            raise ValueError(f"it could be approved until {proposal['expires_at']}")
        if key is None and proposal["decision"] in self.must_be_signed:
            raise ValueError(f"{proposal['proposer']['agency']} proposed unsigned what has to be signed")
        self.settled.add(event["proposal"])
        self.approved, self.due = (position, maker(envelope), proposal), True

    def withdraw(self, event, actor):
        proposal, _key = self.proposed.get(event["proposal"], (None, None))
        if proposal is None or event["proposal"] in self.settled:
            raise ValueError("what is withdrawn was not proposed, or is settled")
        if any(actor[each] != proposal["proposer"][each] for each in ("agency", "party")):
            raise ValueError(f"{actor['agency']} did not propose it")
        self.settled.add(event["proposal"])

    def require_publisher(self, event, by):
        """It speaks for itself, as one of the joint publishers."""
        if event["agency"] != by["agency"] or event["agency"] not in self.charter["joint_publishers"]:
            raise ValueError(f"{by['agency']} spoke for {event['agency']}, or publishes no results")

    def agree(self, event, by):
        self.require_publisher(event, by)
        who = event.get("principal", "")
        if who not in ("", by["principal"]):
            raise ValueError(f"{by['principal']} spoke for {who}")
        kept = {agency: other for agency, other in self.agreed[event["stage"]].items() if not who or other != who}
        self.agreed[event["stage"]] = {**kept, event["agency"]: who}

    def publish(self, event, by):
        """Every joint publisher has agreed to results as they stand, no single person for two of them."""
        if set(event["publishers"]) != set(self.charter["joint_publishers"]):
            raise ValueError(f"{', '.join(self.charter['joint_publishers'])} publish together")
        agreed = {**self.agreed[event["stage"]], by["agency"]: by["principal"]}
        if self.charter["data_set"] != "public-record":
            if missing := set(event["publishers"]) - set(agreed):
                raise ValueError(f"{', '.join(sorted(missing))} did not agree to release the results")
            told = [who for agency, who in agreed.items() if agency in event["publishers"] and who]
            if len(set(told)) < len(told):
                raise ValueError("one person published for more than one agency")
        self.agreed.pop(event["stage"], None)


# 5. Standings. All points are fractions; "undisclosed" is None.

HALF = Fraction(1, 2)
FIELD = "the field"  # all teams together, as one more


DECIMAL = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?")


def known(text):
    return None if text in (None, "undisclosed") else Fraction(text)


@functools.lru_cache(maxsize=4096)
def number(text, whole=False):
    """Of an event, written in one way."""
    if not DECIMAL.fullmatch(text) or (whole and "." in text):
        raise ValueError(f"{text!r} is no number")
    return Fraction(text)


class Stage:
    """What happened in a stage: who is in it, who judges whom, what was scored, certified, ruled and decided."""

    def __init__(self):
        self.teams, self.closed, self.settled, self.settled_under = [], False, False, None
        self.ever_settled = False
        self.panels, self.groups = defaultdict(list), {}
        self.barred, self.instead, self.excluded = defaultdict(set), {}, defaultdict(set)
        self.below_quorum = set()
        self.sheets, self.metrics = defaultdict(dict), defaultdict(dict)  # by (team, node)
        self.statements = []
        self.rulings, self.eliminated, self.advanced = {}, {}, set()

    def take(self, position, type_, event, rules):
        team = event.get("team")
        if type_ == "StageOpened":
            self.teams = list(event["teams"])
        elif type_ in ("ScoreSubmitted", "ScoreCorrected"):
            self.sheets[team, event["criterion"]][event["evaluator"], event.get("item")] = number(event["points"])
        elif type_ in ("MeasurementRecorded", "MeasurementCorrected"):
            target = event.get("target")
            self.metrics[team, event["criterion"]][event["benchmark"]] = (
                number(event["value"]),
                None if target is None else number(target["value"]),
            )
        elif type_ == "EvaluatorAppointed":
            self.panels[event["panel"]].append(event["evaluator"])
            self.groups[event["evaluator"]] = event.get("group")
        elif type_ == "EvaluatorReplaced":
            self.panels[event["panel"]].append(event["replacement"])
            self.groups[event["replacement"]] = event.get("group")
            self.instead[event["replacement"]] = set(event["teams"])
        elif type_ == "ConflictDeclared":
            self.barred[event["evaluator"]].update(event["teams"])
        elif type_ == "EvaluatorRecused":
            self.barred[event["evaluator"]].add(team)  # None: from every team
        elif type_ == "ExclusionRecorded":
            self.excluded[team, event["criterion"]].add(event["evaluator"])
            if event["below_quorum"]:
                self.below_quorum.add((team, event["criterion"]))
        elif type_ == "FigureCertified":
            figure = event["figure"]
            if "value" in figure:
                number(figure["value"])
            elif figure["kind"] == "rank-group":
                number(figure["best"], whole=True), number(figure["worst"], whole=True)
            self.statements.append({**figure, "source": event["source"], "position": position})
        elif type_ == "ScoringClosed":
            self.closed = True
        elif type_ in ("StageConsolidated", "StageReconsolidated"):
            self.settled = self.ever_settled = True
            self.settled_under = rules
        elif type_ == "ScoringReopened":
            self.closed = self.settled = False
            self.statements = []
        elif type_ == "IndependenceRuled":
            self.rulings[team] = event["verdict"]
        elif type_ == "TeamAdvanced":
            self.advanced.add(team)
        elif type_ == "TeamEliminated":
            self.eliminated[team] = event["basis"]
        elif type_ == "TeamWithdrawn":
            self.advanced.discard(team)
            self.eliminated[team] = "withdrawal"
            if not self.ever_settled and not self.statements:
                self.teams.remove(team)
        elif type_ == "OutcomeSuperseded":
            self.advanced.discard(team)
            self.eliminated.pop(team, None)
            if event["to"] == "advanced" or event["basis"] == "objection":
                self.advanced.add(team)
            else:
                self.eliminated[team] = event["basis"]

    def judges(self, panel, team, node):
        """Whose sheets count."""
        return [
            each
            for each in self.panels[panel]
            if not {team, None} & self.barred[each]
            and team in self.instead.get(each, {team})
            and each not in self.excluded[team, node]
        ]


# Points of a criterion, before rounding, of each team for which nothing is missing


def judged(stage, rules, node, criterion):
    how = criterion["scoring"]
    panel = next((each for each in rules.get("panels", ()) if each["id"] == how["panel"]), None)
    if panel is None or how["aggregate"] == "undisclosed":
        return {}
    weights = {}
    if how["aggregate"] == "weighted-mean":
        of_group = {each["id"]: known(each["weight"]) for each in panel.get("groups", ())}
        weights = {each: of_group.get(stage.groups.get(each)) for each in stage.panels[panel["id"]]}
        if None in weights.values():
            return {}
    sheets = {}
    for team in stage.teams:
        found = team_sheets(stage, panel, node, criterion, how, team)
        if found is not None:
            sheets[team] = found
    normalise = how.get("normalise", "none")
    if normalise != "none":
        maximum = known(criterion["maximum"])
        if maximum is None or len(sheets) < len(stage.teams):
            return {}
        scale = z_scores(sheets) if normalise == "z-score" else stretched(sheets, maximum)
        sheets = {
            team: {each: min(max(scale[each](points), Fraction(0)), maximum) for each, points in own.items()}
            for team, own in sheets.items()
        }
    return {team: aggregated(how, own, weights) for team, own in sheets.items()}


def team_sheets(stage, panel, node, criterion, how, team):
    judges = stage.judges(panel["id"], team, node)
    given, missing = stage.sheets[team, node], how.get("missing", "required")
    items = [each["id"] for each in criterion.get("items", ())]
    found = {}
    for each in judges:
        if not items:
            if (each, None) in given:
                found[each] = given[each, None]
        else:
            lines = [given[each, item] for item in items if (each, item) in given]
            if len(lines) == len(items) or (stage.closed and missing == "zero"):
                found[each] = sum(lines, Fraction(0))
    if len(found) < len(judges):
        if not stage.closed or missing == "required":
            return None
        if missing == "zero":
            found = {each: found.get(each, Fraction(0)) for each in judges}
    fewest = 2 * int(how.get("trim") or 0) + 1
    quorum = known(panel["quorum"]) or 1
    needed = fewest if (team, node) in stage.below_quorum else max(quorum, fewest)
    return found if len(found) >= needed else None


def aggregated(how, sheets, weights):
    if how["aggregate"] == "weighted-mean":
        return sum(p * weights[each] for each, p in sheets.items()) / sum(weights[each] for each in sheets)
    points = sorted(sheets.values())
    if how["aggregate"] == "median":
        points = points[(len(points) - 1) // 2 : len(points) // 2 + 1]
    elif how["aggregate"] == "trimmed-mean":
        trim = int(how.get("trim") or 0)
        points = points[trim : len(points) - trim]
    return sum(points) / Fraction(len(points))


def z_scores(sheets):
    """To mean and standard deviation of all sheets; who makes no difference gives the mean."""
    own = defaultdict(list)
    for of_team in sheets.values():
        for each, points in of_team.items():
            own[each].append(points)
    mean, variance = moments([points for of_one in own.values() for points in of_one])
    scale = {}
    for each, points in own.items():
        own_mean, own_variance = moments(points)
        slope = root(variance / own_variance) if own_variance else Fraction(0)
        scale[each] = lambda p, own_mean=own_mean, slope=slope: mean + (p - own_mean) * slope
    return scale


def moments(points):
    mean = sum(points) / Fraction(len(points))
    return mean, sum((each - mean) ** 2 for each in points) / len(points)


def root(value):
    """To 34 significant digits."""
    with localcontext(prec=102):
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
    with localcontext(prec=34):
        return Fraction(quotient.sqrt())


def stretched(sheets, maximum):
    """Each evaluator's lowest to 0, highest to the maximum; who makes no difference gives half of it."""
    own = defaultdict(list)
    for of_team in sheets.values():
        for each, points in of_team.items():
            own[each].append(points)
    scale = {}
    for each, points in own.items():
        low, high = min(points), max(points)
        if low == high:
            scale[each] = lambda _p: maximum / 2
        else:
            scale[each] = lambda p, low=low, high=high: (p - low) * maximum / (high - low)
    return scale


def measured(stage, node, criterion):
    how, maximum = criterion["scoring"], known(criterion["maximum"])
    if maximum is None or how["conversion"] == "undisclosed":
        return {}
    missing, benchmarks = how.get("missing", "required"), how["benchmarks"]
    metrics = {}
    for team in stage.teams:
        own = {each["id"]: stage.metrics[team, node].get(each["id"]) for each in benchmarks}
        found = {each: metric for each, metric in own.items() if metric is not None}
        allowed = stage.closed and (missing == "zero" or (missing == "left-out" and found))
        if len(found) == len(benchmarks) or allowed:
            metrics[team] = found
    if how["conversion"] == "relative-to-best" and len(metrics) < len(stage.teams):
        return {}
    points = {}
    for team, found in metrics.items():
        shares = []
        for each in benchmarks:
            if each["id"] in found:
                best = max((m[each["id"]][0] for m in metrics.values() if each["id"] in m), default=Fraction(0))
                shares.append(share(how, each, *found[each["id"]], best))
            elif missing == "zero":
                shares.append(Fraction(0))
        if None not in shares:
            points[team] = maximum * sum(shares) / len(shares)
    return points


def share(how, benchmark, value, target, best):
    """Between 0 and 1; nothing if what the metric is compared with is not known."""
    if how["conversion"] == "mean-of-percentages":
        found = value / 100
    elif how["conversion"] == "capped-ratios":
        if target is None:
            return None
        found = value / target
    elif how["conversion"] == "linear":
        floor = known(benchmark.get("floor") or how.get("floor"))
        ceiling = known(benchmark.get("ceiling") or how.get("ceiling"))
        if floor is None or ceiling is None:
            return None
        found = (value - floor) / (ceiling - floor)
    else:
        found = value / best if best else Fraction(0)
    return min(max(found, Fraction(0)), Fraction(1))


def rounded(value, decimals, mode):
    scaled = value * 10**decimals
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    up = {
        "up": rest > 0,
        "down": False,
        "half-up": rest >= HALF,
        "half-down": rest > HALF,
        "half-even": rest > HALF or (rest == HALF and whole % 2 == 1),
    }[mode]
    return Fraction(whole + up, 10**decimals)


# Bounds: (low, open below?, high, open above?)


class Bounds:
    """What the facts leave of each team's points at each node of the rubric."""

    def __init__(self, stage, rules):
        self.teams, self.decimals = stage.teams, None
        if known(rules["precision"]) is not None:
            self.decimals = int(rules["precision"])
        self.maxima = maxima(rules)
        self.at = {
            (team, node): (Fraction(0), False, top, False) for node, top in self.maxima.items() for team in self.teams
        }
        for node, top in self.maxima.items():
            self.at[FIELD, node] = (Fraction(0), False, top * len(self.teams), False)
        self.sums = [(a["id"], [f"{a['id']}/{c['id']}" for c in a["criteria"]]) for a in rules["assessments"]]
        self.sums.append(("total", [a["id"] for a in rules["assessments"]]))
        self.means = False

    def exact(self, team, node):
        low, _, high, _ = self.at[team, node]
        return low if low == high else None

    def narrow(self, team, node, low=None, low_open=False, high=None, high_open=False):
        before = now = self.at[team, node]
        if low is not None:
            now = (*max(now[:2], (low, low_open)), *now[2:])
        if high is not None:
            top = min((now[2], not now[3]), (high, not high_open))
            now = (*now[:2], top[0], not top[1])
        if now == before:
            return False
        if self.decimals is not None:  # points are whole multiples of the last decimal
            steps = 10**self.decimals
            least, most = -(-now[0] * steps // 1), now[2] * steps // 1
            least += now[1] and least == now[0] * steps
            most -= now[3] and most == now[2] * steps
            now = (Fraction(least, steps), False, Fraction(most, steps), False)
        if now[0] > now[2] or (now[0] == now[2] and (now[1] or now[3])):
            raise ValueError(f"the facts leave no possible points for {team} at {node}")
        self.at[team, node] = now
        return True

    def add_up(self, whole, parts):
        """Narrow a sum by its parts, and each part by what the sum leaves to it; whether that did anything."""
        of = [self.at[part] for part in parts]
        low, high = sum(each[0] for each in of), sum(each[2] for each in of)
        opens_low, opens_high = sum(each[1] for each in of), sum(each[3] for each in of)
        changed = self.narrow(*whole, low, opens_low > 0, high, opens_high > 0)
        total = self.at[whole]
        for part, own in zip(parts, of, strict=True):
            if own[0] < own[2]:
                changed |= self.narrow(
                    *part,
                    total[0] - (high - own[2]),
                    total[1] or opens_high > own[3],
                    total[2] - (low - own[0]),
                    total[3] or opens_low > own[1],
                )
        return changed

    def settle(self):
        for _ in range(200):
            changed = False
            for team in [*self.teams, FIELD] if self.means else self.teams:
                for whole, parts in self.sums:
                    changed |= self.add_up((team, whole), [(team, part) for part in parts])
            if self.means:
                for node in self.maxima:
                    changed |= self.add_up((FIELD, node), [(team, node) for team in self.teams])
            if not changed:
                return

    def state(self, figure, rules):
        """A certified figure."""
        kind, node = figure["kind"], figure.get("node")
        if kind == "points":
            value = Fraction(figure["value"])
            self.narrow(figure["team"], node, low=value, high=value)
        elif kind == "highest":
            value = Fraction(figure["value"])
            for team in self.teams:
                if team in figure["teams"]:
                    self.narrow(team, node, low=value, high=value)
                else:
                    self.narrow(team, node, high=value, high_open=True)
        elif kind == "mean":
            self.means = True
            half = Fraction(1, 2 * 10 ** len(figure["value"].partition(".")[2]))
            value, count = Fraction(figure["value"]), len(self.teams)
            self.narrow(FIELD, node, low=(value - half) * count, high=(value + half) * count)
        elif kind == "gate":
            gate = next((each for each in rules.get("gates", ()) if each["id"] == figure["gate"]), None)
            minimum = None if gate is None else known(gate["minimum"])
            if minimum is not None and figure["outcome"] == "passed":
                self.narrow(figure["team"], gate["node"], low=minimum)
            elif minimum is not None:
                self.narrow(figure["team"], gate["node"], high=minimum, high_open=True)


def maxima(rules):
    """The most that each node reaches: its maximum, what its parts add up to, or what the rest leaves of the whole."""
    found = {}

    def spread(name, node, room):
        top = between(node)[1]
        found[name] = room if top is None else top
        if "scoring" in node:
            return  # a criterion: its items are no nodes of their own
        parts = parts_of(node)
        spare = found[name] - added(parts)[0]
        for part in parts:
            spread(part["id"] if name == "total" else f"{name}/{part['id']}", part, spare + between(part)[0])

    spread("total", rules, Fraction("9" * 15))
    return found


def parts_of(node):
    return node.get("assessments") or node.get("criteria") or node.get("items") or ()


def between(node):
    """Its maximum, twice; where that is undisclosed, the least and, if anything says so, the most of its parts."""
    own = known(node["maximum"])
    if own is not None:
        return own, own
    return added(parts_of(node)) if parts_of(node) else (Fraction(0), None)


def added(parts):
    spans = [between(each) for each in parts]
    tops = [top for _, top in spans]
    return sum((least for least, _ in spans), Fraction(0)), None if None in tops else sum(tops, Fraction(0))


def ranks(bounds, chain, groups):
    """Best and worst rank of each team, 1, 2, 2, 4, and what they rest on."""
    size = len(bounds.teams)

    def above(other, team, surely):
        for node in chain:
            one, two = bounds.at[other, node], bounds.at[team, node]
            low, high = (one[0], one[1]), (two[2], -two[3])
            if not surely:
                low, high = (one[2], -one[3]), (two[0], two[1])
            if low != high:
                return low > high
        return False

    certified = dict.fromkeys(bounds.teams, (1, size))
    for group in groups:
        best, worst = int(group["best"]), int(group["worst"])
        for team, (low, high) in certified.items():
            if team in group["teams"]:
                low, high = max(low, best), min(high, worst)
            elif len(group["teams"]) == worst - best + 1:  # nobody else has these ranks
                low = max(low, worst + 1) if low >= best else low
                high = min(high, best - 1) if high <= worst else high
            certified[team] = (low, high)
    found = {}
    for team in bounds.teams:
        others = [each for each in bounds.teams if each != team]
        computed = (
            1 + sum(above(each, team, True) for each in others),
            1 + sum(above(each, team, False) for each in others),
        )
        final = (max(computed[0], certified[team][0]), min(computed[1], certified[team][1]))
        if final[0] > final[1]:
            raise ValueError(f"the certified rank of {team} cannot be true")
        if final == (1, size) and size > 1:
            basis = "undetermined"
        elif final == computed:
            basis = "computed"
        else:
            basis = "certified" if final == certified[team] else "mixed"
        found[team] = {"best": final[0], "worst": final[1], "basis": basis}
    return found


def text(value, decimals=None):
    """A decimal: with so many places if they are enough, else as many as there are; without, at least one."""
    whole, rest = divmod(value, 1)
    digits = f"{int(rest * 10**13):013d}".rstrip("0").ljust(1 if decimals is None else decimals, "0")
    return f"{whole}.{digits}" if digits else str(whole)


def points_text(bound, maximum, decimals):
    low, _, high, _ = bound
    if low == high:
        exact = text(low, decimals)
        return {"low": exact, "high": exact, "exact": exact}
    return {
        "low": text(rounded(low, 6, "down")) if low > 0 else None,
        "high": text(rounded(high, 6, "up")) if high < maximum else None,
        "exact": None,
    }


def rows_of(charter, rules, stage, names):
    """The rows of the standings, best rank first."""
    bounds = Bounds(stage, rules)
    criteria = [(f"{a['id']}/{c['id']}", c) for a in rules["assessments"] for c in a["criteria"]]
    computed = set()
    for node, criterion in criteria:
        kind, points = criterion["scoring"]["type"], {}
        if bounds.decimals is not None and rules["rounding"] != "undisclosed":
            if kind == "judged":
                points = judged(stage, rules, node, criterion)
            elif kind == "measured":
                points = measured(stage, node, criterion)
        for team, value in points.items():
            value = rounded(value, bounds.decimals, rules["rounding"])
            bounds.narrow(team, node, low=value, high=value)
            computed.add((team, node))
    for figure in stage.statements:
        bounds.state(figure, rules)
    bounds.settle()
    groups = [figure for figure in stage.statements if figure["kind"] == "rank-group"]
    found = ranks(bounds, ["total", *rules.get("tie_break", ())], groups)
    order = sorted(stage.teams, key=lambda team: (found[team]["best"], found[team]["worst"]))
    return [row_of(charter, rules, stage, names[team], team, found[team], bounds, criteria, computed) for team in order]


def row_of(charter, rules, stage, name, team, rank, bounds, criteria, computed):
    def points(node):
        return points_text(bounds.at[team, node], bounds.maxima[node], bounds.decimals)

    counted = sum((team, node) in computed for node, _criterion in criteria)
    if counted == len(criteria):
        basis = "computed"
    elif counted:
        basis = "mixed"
    else:
        nodes = [*(node for node, _criterion in criteria), "total"]
        open_ = all(
            bounds.at[team, node][0] <= 0
            and bounds.at[team, node][2] >= bounds.maxima[node]
            and bounds.exact(team, node) is None
            for node in nodes
        )
        basis = None if open_ else "certified"
    cause = stage.eliminated.get(team)
    status = "eliminated" if cause else "advanced" if team in stage.advanced else "evaluating"
    unruled = "not_reported" if charter["data_set"] == "public-record" else "not_ruled"
    return {
        "team": team,
        "name": name["en"],
        "names": {"en": name["en"], "ko": name["ko"]},
        "rank": rank,
        "total": points("total"),
        "maximum": rules["maximum"],
        "status": "withdrawn" if cause == "withdrawal" else status,
        "cause": cause,
        "basis": basis,
        "independence": stage.rulings.get(team, unruled),
        "assessments": [
            {
                "id": a["id"],
                "points": points(a["id"]),
                "maximum": a["maximum"],
                "criteria": [
                    {
                        "id": c["id"],
                        "points": points(f"{a['id']}/{c['id']}"),
                        "maximum": c["maximum"],
                        "index": c.get("index", "undisclosed"),
                    }
                    for c in a["criteria"]
                ],
            }
            for a in rules["assessments"]
        ],
        "indices": [index_of(rules, each["id"], team, bounds, criteria) for each in rules.get("indices", ())],
        "gates": [gate_of(each, stage, team, bounds) for each in rules.get("gates", ())],
    }


def index_of(rules, index, team, bounds, criteria):
    """The points of criteria that count to an index; unknown while it is not said of all where they count."""
    counted = [criterion for _node, criterion in criteria if criterion.get("index") == index]
    if not counted or any(c.get("index", "undisclosed") == "undisclosed" for _node, c in criteria):
        return {"id": index, "points": {"low": None, "high": None, "exact": None}, "maximum": "undisclosed"}
    nodes = []
    for a in rules["assessments"]:  # a whole assessment says more than its parts
        inside = [f"{a['id']}/{c['id']}" for c in a["criteria"] if c.get("index") == index]
        nodes += [a["id"]] if len(inside) == len(a["criteria"]) else inside
    low = sum(bounds.at[team, node][0] for node in nodes)
    high = sum(bounds.at[team, node][2] for node in nodes)
    maximum = sum(bounds.maxima[node] for node in nodes)
    disclosed = all(known(criterion["maximum"]) is not None for criterion in counted)
    return {
        "id": index,
        "points": points_text((low, False, high, False), maximum, bounds.decimals),
        "maximum": text(maximum) if disclosed else "undisclosed",
    }


def gate_of(gate, stage, team, bounds):
    outcome, minimum = "open", known(gate["minimum"])
    low, _, high, high_open = bounds.at[team, gate["node"]]
    if minimum is not None and low >= minimum:
        outcome = "passed"
    elif minimum is not None and (high < minimum or (high == minimum and high_open)):
        outcome = "failed"
    for figure in reversed(stage.statements):
        if figure["kind"] == "gate" and (figure["gate"], figure["team"]) == (gate["id"], team):
            outcome = figure["outcome"]
    return {"id": gate["id"], "node": gate["node"], "minimum": gate["minimum"], "outcome": outcome}


HOUR = timedelta(hours=1)


class Programme:
    """A programme as its events make it."""

    def __init__(self, name):
        self.name = name
        self.signatures = Signatures(name)
        self.charters = {}
        self.rules_hash = None
        self.ids = set()
        self.names, self.stages = {}, defaultdict(Stage)
        self.digests = 0
        self.settled = {}  # position -> digest
        self.certificates = []  # position, event

    def take(self, line):
        """Raises `Fault`."""
        event = read_event(line)
        envelope = read_whole("Envelope", line["envelope"])
        late = datetime.fromisoformat(line["recorded_at"]) - datetime.fromisoformat(envelope["decided_at"])
        if abs(late) > HOUR:
            raise Fault("bad-signature", line["position"], "recorded long after it was decided, or before it")
        self.signatures.take(line["position"], line["type"], event, envelope)
        self.check_rules(line, event, envelope)
        self.fold(line["position"], line["type"], event)

    def check_rules(self, line, event, envelope):
        """It says which rules were in force, an amendment those that it replaces, and what it is; its id is its own."""
        rules = event["rules_hash"] if line["type"] == "CharterPublished" else self.rules_hash
        replaced = event["replaces"] if line["type"] == "CharterAmended" else rules
        charter = self.signatures.charter
        if (envelope["rules_hash"], replaced, envelope["data_set"]) != (rules, rules, charter["data_set"]):
            raise Fault("bad-signature", line["position"], "it says that other rules than those in force were")
        if line["event_id"] in self.ids:
            raise Fault("inserted", line["position"], f"event {line['event_id']} stands twice")
        self.ids.add(line["event_id"])

    def fold(self, position, type_, event):
        if type_ in ("CharterPublished", "CharterAmended"):
            if sha256(event["document"].encode()).hex() != event["rules_hash"]:
                raise Fault("edited", position, "the charter is not the one that its hash names")
            self.rules_hash = event["rules_hash"]
            self.charters[self.rules_hash] = json.loads(event["document"])
        elif type_ in ("TeamEnrolled", "CallTeamSelected"):
            self.names[event["team"]] = event["name"]
        elif type_ in ("StageConsolidated", "StageReconsolidated"):
            self.digests += 1
            if self.standings(event["stage"], event["position"])["digest"] != event["digest"]:
                detail = f"{event['stage']} was settled with another digest than its facts come to"
                raise Fault("wrong-tally", position, detail)
            self.settled[position] = event["digest"]
        elif type_ == "CertificateIssued":
            self.certificates.append((position, event))
            if self.settled.get(event["settlement"]) != event["digest"]:
                detail = f"no standings with the digest that is certified were settled at {event['settlement']}"
                raise Fault("wrong-tally", position, detail)
        if event.get("stage") is not None and type_ != "CallTeamSelected":
            self.stages[event["stage"]].take(position, type_, event, self.rules_hash)

    def standings(self, stage_id, position):
        """What is shown of a stage, of a position up to which nothing of it is to come."""
        stage = self.stages[stage_id]
        rules_hash = stage.settled_under if stage.settled else self.rules_hash
        charter = self.charters[rules_hash]
        rules = next(each for each in charter["stages"] if each["id"] == stage_id)
        rows = rows_of(charter, rules, stage, self.names)
        content = ["sillok-standings/1", self.name, stage_id, position, rules_hash, rows]
        return {
            "programme": self.name,
            "stage": stage_id,
            "position": position,
            "rules_hash": rules_hash,
            "digest": sha256(canonical(content).encode()).hex(),
            "data_set": charter["data_set"],
            "statements": [statement_of(each) for each in stage.statements],
            "rows": rows,
        }

    def compare(self, name, shown):
        """What the service showed with what follows. Raises `Fault`."""
        self.digests += 1
        try:
            derived = self.standings(shown["stage"], shown["position"])
        except UNREADABLE:
            derived = {}
        differs = [each for each in {**derived, **shown} if written(derived.get(each)) != written(shown.get(each))]
        if differs:
            detail = f"{name}: the service shows another {', '.join(differs)} than follows from the record"
            raise Fault("wrong-tally", shown["position"], detail)


def written(value):
    """In one way only: 1, 1.0 and true are three things."""
    return json.dumps(value, sort_keys=True)


def statement_of(figure):
    """A certified figure as it is shown."""
    node, value, teams = figure.get("node", "total"), figure.get("value"), figure.get("teams", [])
    if figure["kind"] == "gate":
        node, value = figure["gate"], figure["outcome"]
    elif figure["kind"] == "rank-group":
        value = f"{figure['best']}-{figure['worst']}"
    return {
        "kind": figure["kind"],
        "node": node,
        "teams": [figure["team"]] if "team" in figure else teams,
        "value": value,
        "source": figure["source"],
        "position": figure["position"],
    }


def read_standings(folder):
    """What the service showed, by the name of its file, in order of position. Raises `Fault`."""
    shown = []
    for file in sorted((folder / "standings").glob("*.json")):
        try:
            content = read_json(file.read_bytes())
        except (ValueError, OSError):
            content = None
        if type(content) is not dict or [type(content.get(each)) for each in ("stage", "position")] != [str, int]:
            raise Fault("edited", 0, f"standings/{file.name} is nothing that a service shows")
        shown.append((file.name, content))
    return sorted(shown, key=lambda each: each[1]["position"])


def check_outcomes(folder, lines, programme):
    shown = read_standings(folder)
    for line in lines:
        while shown and shown[0][1]["position"] < line["position"]:
            programme.compare(*shown.pop(0))
        if line["programme"] == programme.name:
            try:
                programme.take(line)
            except UNREADABLE as error:
                detail = f"the event cannot be taken in: {type(error).__name__} {error}"
                raise Fault("wrong-tally", line["position"], detail) from None
    for each in shown:
        programme.compare(*each)
    for file in sorted((folder / "charters").glob("*.json")):
        content = file.read_bytes() if file.is_file() else b""
        if file.stem not in programme.charters or sha256(content).hex() != file.stem:
            raise Fault("edited", 0, f"charters/{file.name} is no charter of the record")


def check_certificates(certificates, lines):
    """Every certificate names the root of the first events of this record, as many as it says."""
    sizes = {event["size"] for _position, event in certificates}
    if not sizes:
        return
    leaves = [leaf_of(line, position) for position, line in enumerate(lines[: max(sizes)], start=1)]
    roots = roots_of(leaves, sizes)
    for position, event in certificates:
        root = roots.get(event["size"], b"")
        if event["size"] >= position or base64.b64encode(root).decode() != event["root"]:
            detail = f"{event['agency']} certified another root of the first {event['size']} events"
            raise Fault("forked", position, detail)


def read_manifest(folder):
    manifest = read_json((folder / "manifest.json").read_bytes())
    named = {"format": str, "programme": str, "log": str, "size": int}
    if type(manifest) is not dict or any(type(manifest.get(name)) is not type_ for name, type_ in named.items()):
        raise ValueError("manifest.json is no manifest")
    if manifest["format"] != "sillok-bundle/1":
        raise ValueError(f"format {manifest['format']} is not known here")
    return manifest


def verify(folder, log_keys, state, public, policy, receipts):
    """What was found, in a sentence, and what to keep. Raises `Fault`."""
    manifest = read_manifest(folder)
    name, size, origin = manifest["programme"], manifest["size"], log_keys[0][0]
    roots, after = signed_roots(folder, size, log_keys, state, receipts)
    with (folder / "events.ndjson").open("rb") as file:
        lines = [read_line(content) for content in file]
    check_record(folder, lines, name, roots, public)
    if manifest["log"] != origin:
        raise Fault("edited", 0, f"manifest.json says that this is the log {manifest['log']}")
    if policy is not None:
        check_policy((folder / "checkpoints" / str(size)).read_text(encoding="utf-8"), policy)
    said = f"whole: {size} events of {origin}, as signed"
    if after is not None:
        former, ended, root = after
        own = (leaf_of(line, position) for position, line in enumerate(lines[:ended], start=1))
        has_all = roots_of(own, {ended}).get(ended) == root
        said += f"; of {former}, which ended with {ended}, it has {'' if has_all else 'not '}all"
    kept = {"origin": origin, "size": size, "root": base64.b64encode(roots[size]).decode()}
    if public:
        return f"{said}; outcomes were not looked at", kept
    found = Programme(name)
    try:
        check_outcomes(folder, lines, found)
    except Fault as fault:
        check_certificates([each for each in found.certificates if each[0] < (fault.position or size)], lines)
        raise
    check_certificates(found.certificates, lines)
    return (
        f"{said}; {found.signatures.signed} of {found.signatures.decisions} decisions signed, each as it should be; "
        f"{found.digests} standings derived again, each as recorded and shown"
        + (f"; certificates of them: {len(found.certificates)}" if found.certificates else "")
    ), kept


def keep(file, kept):
    """In the place of what was kept before, at once."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(json.dumps(kept), encoding="utf-8")
    fresh.replace(file)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--log-key", required=True, action="append")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--receipt", type=Path, action="append", default=[])
    parser.add_argument("--public", action="store_true")
    asked = parser.parse_args(arguments)
    try:
        log_keys = read_log_keys(asked.log_key)
        state = read_state(asked.state)
        policy = None if asked.policy is None else read_policy(asked.policy.read_text(encoding="utf-8"))
        said, kept = verify(asked.folder, log_keys, state, asked.public, policy, asked.receipt)
    except Fault as fault:
        print(fault, file=sys.stderr)
        return CODES[fault.kind]
    except (ValueError, KeyError, OSError) as error:
        print(f"This is no bundle that can be verified: {type(error).__name__} {error}", file=sys.stderr)
        return 1
    if asked.state is not None:
        keep(asked.state, kept)
    print(said)
    return 0


if __name__ == "__main__":
    gc.disable()  # no line refers to itself, and to look for that goes over all of them again and again
    sys.exit(main())
