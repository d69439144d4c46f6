"""Ed25519 signatures (RFC 8032), as decisions and the service's own tokens carry them."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.ed25519 import is_weak


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` is that of `public_key` (32 bytes); never that of a weak key."""
    if is_weak(public_key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def ed25519_key(seed: bytes) -> Ed25519PrivateKey:
    """The private key of a seed (32 bytes)."""
    return Ed25519PrivateKey.from_private_bytes(seed)
