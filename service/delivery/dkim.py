"""DKIM: a mail says by whose domain it was sent, and what in it is as it was then (RFC 6376; Ed25519: RFC 8463)."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.settings import DkimSettings, SettingsError

SIGNED: Final = ("from", "to", "subject", "date", "message-id", "content-type", "mime-version")
"""The headers that are signed; that nobody adds another one of those, too, which is why each is named once more."""
RSA_BITS: Final = 2048
"""So many at least."""

DkimKey = RSAPrivateKey | Ed25519PrivateKey


def read_key(file: Path) -> DkimKey:
    """The private key in a PEM file. Raises `SettingsError`."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise SettingsError(f"SILLOK_DKIM_KEY_FILE: {file} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError(
            f"SILLOK_DKIM_KEY_FILE: {file} holds no private key: give one in PEM, without a password."
        ) from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey) or key.key_size < RSA_BITS:
        raise SettingsError(f"SILLOK_DKIM_KEY_FILE: {file}: an RSA key of {RSA_BITS} bits or more, or Ed25519.")
    return key


def signed(mail: bytes, settings: DkimSettings, now: datetime) -> bytes:
    """The mail, its lines ending in CRLF, behind its signature. Raises `SettingsError`."""
    key = read_key(settings.key_path)
    head, _, body = mail.partition(b"\r\n\r\n")
    headers = _headers(head + b"\r\n")
    named = [name for name in SIGNED if name in headers]
    algorithm = "ed25519" if isinstance(key, Ed25519PrivateKey) else "rsa"
    tags = {
        "v": "1",
        "a": f"{algorithm}-sha256",
        "c": "relaxed/simple",
        "d": settings.domain,
        "s": settings.selector,
        "t": str(int(now.timestamp())),
        "h": ":".join((*named, *named)),
        "bh": base64.b64encode(hashlib.sha256(_body(body)).digest()).decode(),
        "b": "",
    }
    value = "; ".join(f"{name}={said}" for name, said in tags.items())
    over = b"".join(headers[name] + b"\r\n" for name in named) + f"dkim-signature:{value}".encode()
    if isinstance(key, Ed25519PrivateKey):
        signature = key.sign(hashlib.sha256(over).digest())
    else:
        signature = key.sign(over, PKCS1v15(), SHA256())
    text = base64.b64encode(signature).decode()
    return f"DKIM-Signature: {_folded(value + text)}\r\n".encode() + mail


def _headers(head: bytes) -> dict[str, bytes]:
    """The headers by name, relaxed: on one line, white space that says nothing left out; of each the last."""
    found = {}
    for each in re.split(rb"\r\n(?![ \t])", head):
        name, colon, value = each.partition(b":")
        if colon:
            said = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
            found[name.strip().lower().decode()] = name.strip().lower() + b":" + said
    return found


def _body(body: bytes) -> bytes:
    """Simple: as it is, with one line end at its end."""
    return re.sub(rb"(\r\n)*\Z", b"", body) + b"\r\n"


def _folded(value: str) -> str:
    """On lines that are short enough, broken where relaxed headers have one space, or within the signature."""
    *tags, last = value.split("; ")
    lines = [last[at : at + 70] for at in range(0, len(last), 70)]
    return ";\r\n ".join((*tags, "\r\n ".join(lines)))
