"""DIDs, DID URLs and public keys as JWK: one spelling each (spec chapters 2.5 and 2.6). Raises ValueError."""

import re

from . import ed25519
from .encoding import from_base64url, hash_of

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY = re.compile(r"did:key:(z6Mk[1-9A-HJ-NP-Za-km-z]{44})\Z")
_WEB = re.compile(r"did:web:([a-z0-9.-]+)(?:%3A([1-9][0-9]{0,4}))?((?::[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}){0,8})\Z")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_LAST = re.compile(r"(?:[a-z]{2,}|xn--[a-z0-9-]*)\Z")
_FRAGMENT = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")


def check_did(text: str) -> None:
    """AHP-BYTES-21."""
    if len(text) > 512:
        raise ValueError("a DID is too long")
    if text.startswith("did:key:"):
        key_of_did(text)
    else:
        _check_did_web(text)


def key_of_did(text: str) -> bytes:
    """The public key that a did:key encodes (AHP-BYTES-22)."""
    found = _KEY.match(text)
    if found is None:
        raise ValueError("not a did:key of Ed25519")
    number = 0
    for letter in found.group(1)[1:]:
        number = number * 58 + _ALPHABET.index(letter)
    data = number.to_bytes(40, "big").lstrip(b"\0")
    if len(data) != 34 or data[:2] != b"\xed\x01":
        raise ValueError("not a did:key of Ed25519")
    ed25519.check_public_key(data[2:])
    return data[2:]


def _check_did_web(text: str) -> None:
    """AHP-BYTES-23."""
    found = _WEB.match(text)
    if found is None:
        raise ValueError("neither did:key nor did:web")
    host, port, _ = found.groups()
    if port is not None and (int(port) > 65535 or port == "443"):
        raise ValueError("no such port")
    if host == "localhost":
        return
    labels = host.split(".")
    if len(host) > 253 or len(labels) < 2 or not all(map(_LABEL.match, labels)) or not _LAST.match(labels[-1]):
        raise ValueError("not a name of a host")


def did_of_url(text: str) -> str:
    """The DID in a DID URL (AHP-BYTES-24)."""
    did, mark, fragment = text.partition("#")
    if not mark or not _FRAGMENT.match(fragment):
        raise ValueError("not a DID URL")
    check_did(did)
    return did


def key_of_jwk(jwk: object) -> bytes:
    """AHP-BYTES-19, with the rules of chapter 2.3."""
    if not isinstance(jwk, dict) or set(jwk) != {"kty", "crv", "x"} or jwk["kty"] != "OKP" or jwk["crv"] != "Ed25519":
        raise ValueError("not a public key of Ed25519")
    if not isinstance(jwk["x"], str):
        raise ValueError("not a public key of Ed25519")
    key = from_base64url(jwk["x"])
    ed25519.check_public_key(key)
    return key


def thumbprint(x: str) -> str:
    """RFC 7638 (AHP-BYTES-20)."""
    return hash_of(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode("ascii"))
