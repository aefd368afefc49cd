"""base64 in its two alphabets, hashes, and JCS: text has one spelling, or it is refused (spec chapter 2.1)."""

import base64
import hashlib
import json
import re

_URL = re.compile(r"[A-Za-z0-9_-]*\Z")
_STANDARD = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")


def from_base64url(text: str) -> bytes:
    """AHP-BYTES-1. Raises ValueError."""
    if not _URL.match(text) or len(text) % 4 == 1:
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_base64url(data) != text:
        raise ValueError("spare bits are not zero")
    return data


def to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64(text: str) -> bytes:
    """AHP-BYTES-2. Raises ValueError."""
    if not _STANDARD.match(text):
        raise ValueError("not base64")
    data = base64.b64decode(text)
    if to_base64(data) != text:
        raise ValueError("spare bits are not zero")
    return data


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hash_of(data: bytes) -> str:
    """A hash as this specification writes it: base64url of SHA-256."""
    return to_base64url(sha256(data))


def jcs(value: object) -> bytes:
    """RFC 8785 for what leaves hold: objects, texts, whole numbers and null."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return b"{" + b",".join(jcs(name) + b":" + jcs(value[name]) for name in names) + b"}"
    if isinstance(value, bool) or not (value is None or isinstance(value, (str, int))):
        raise ValueError("this value stands in no leaf")
    return json.dumps(value, ensure_ascii=False).encode("utf-8")
