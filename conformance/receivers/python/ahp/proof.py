"""The proof that a log has the decision: its text, the log's signature, and the path (spec chapter 5)."""

import re
import unicodedata
from dataclasses import dataclass

from . import ed25519
from .encoding import from_base64, from_base64url, sha256, to_base64
from .refusal import Refusal

HEADER = "c2sp.org/tlog-proof@v1"
MAX_NUMBER = 2**63 - 1
MAX_HASHES = 40
MAX_SIGNATURES = 9
LOG_TYPE = 0x01

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")
_VKEY = re.compile(r"(.+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\Z", re.DOTALL)


@dataclass(frozen=True)
class Line:
    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Proof:
    """Read, not verified."""

    index: int
    path: tuple[bytes, ...]
    origin: str
    size: int
    root: bytes
    lines: tuple[Line, ...]

    @property
    def checkpoint(self) -> str:
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @property
    def text(self) -> str:
        hashes = "".join(f"{to_base64(each)}\n" for each in self.path)
        lines = "".join(f"— {line.name} {to_base64(line.key_id + line.signature)}\n" for line in self.lines)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}\n{lines}"


@dataclass(frozen=True)
class VerifierKey:
    name: str
    key_id: bytes
    key: bytes


def read_vkey(text: str, note_type: int) -> VerifierKey:
    """AHP-PROOF-6. Raises ValueError."""
    found = _VKEY.match(text)
    if found is None or not _is_name(found.group(1)):
        raise ValueError("not a verifier key")
    name, key_id, typed = found.group(1), bytes.fromhex(found.group(2)), from_base64(found.group(3))
    if typed[0] != note_type or sha256(name.encode("utf-8") + b"\n" + typed)[:4] != key_id:
        raise ValueError("the key id is not that of name, type and key")
    ed25519.check_public_key(typed[1:])
    return VerifierKey(name, key_id, typed[1:])


def read(header: str) -> Proof:
    """Refuses with `proof_malformed` (AHP-PROOF-1 to AHP-PROOF-5)."""
    try:
        text = from_base64url(header).decode("utf-8")
        proof = _parse(text.split("\n"))
        if proof.text != text or (proof.size == 0 and proof.root != sha256(b"")):
            raise ValueError("not the one form of this proof")
        return proof
    except (ValueError, IndexError) as error:
        raise Refusal("proof_malformed", str(error)) from None


def _parse(lines: list[str]) -> Proof:
    if any(unicodedata.category(sign) == "Cc" for line in lines for sign in line):
        raise ValueError("a control character")
    end = lines.index("")
    path = tuple(map(_hash, lines[2:end]))
    origin, size, root, empty = lines[end + 1 : end + 5]
    signatures = tuple(map(_line, lines[end + 5 : -1]))
    if lines[0] != HEADER or not lines[1].startswith("index ") or len(path) > MAX_HASHES or not origin or empty:
        raise ValueError("not the form of a proof")
    names = {(line.name, line.key_id) for line in signatures}
    if not 1 <= len(signatures) <= MAX_SIGNATURES or len(names) != len(signatures):
        raise ValueError("no signatures, too many, or one twice")
    return Proof(_number(lines[1][6:]), path, origin, _number(size), _hash(root), signatures)


def _number(text: str) -> int:
    if not _NUMBER.match(text) or int(text) > MAX_NUMBER:
        raise ValueError("not a number of 63 bits")
    return int(text)


def _hash(text: str) -> bytes:
    data = from_base64(text)
    if len(data) != 32:
        raise ValueError("not a hash")
    return data


def _line(text: str) -> Line:
    dash, name, encoded = text.split(" ")
    data = from_base64(encoded)
    if dash != "—" or not _is_name(name) or len(data) < 5:
        raise ValueError("not a line of a signature")
    return Line(name, data[:4], data[4:])


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= 256 and not any(c.isspace() or c == "+" or unicodedata.category(c) == "Cc" for c in text)


def verify_checkpoint(proof: Proof, key: VerifierKey) -> None:
    """AHP-PROOF-8 and AHP-PROOF-9."""
    signature = next((line.signature for line in proof.lines if (line.name, line.key_id) == (key.name, key.key_id)), None)
    # Verified in any case: an unknown signer costs what a known one costs (AHP-ROAD-9).
    is_valid = ed25519.verify(key.key, proof.checkpoint.encode("utf-8"), signature or bytes(31) + b"\2" + bytes(32))
    if signature is None:
        raise Refusal("checkpoint_unsigned")
    if not is_valid:
        raise Refusal("checkpoint_signature_invalid")


def verify_inclusion(proof: Proof, leaf: bytes) -> None:
    """AHP-PROOF-10."""
    if proof.index >= proof.size or not _leads_to_root(proof, sha256(b"\0" + leaf)):
        raise Refusal("inclusion_invalid")


def _leads_to_root(proof: Proof, r: bytes) -> bool:
    fn, sn = proof.index, proof.size - 1
    for p in proof.path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\1" + p + r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == proof.root
