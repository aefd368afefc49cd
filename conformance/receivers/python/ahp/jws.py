"""Compact JWS: its form, its header, and the signed bytes (spec chapter 2.4). Nothing is verified when it is read."""

from dataclasses import dataclass

from .did import did_of_url
from .encoding import from_base64url
from .refusal import Refusal
from .strict_json import parse_object

MAX_HEADER = 1024


@dataclass(frozen=True)
class Jws:
    """Read, not verified."""

    text: str
    kid: str
    signer: str  # the DID in `kid`
    payload: bytes
    signed: bytes
    signature: bytes

    @property
    def third_segment(self) -> str:
        return self.text.rsplit(".", 1)[1]


def read(text: str, name: str, typ: str, cty: str | None) -> Jws:
    """Refuses with `<name>_malformed` or `<name>_header_invalid` (AHP-BYTES-13 to AHP-BYTES-17)."""
    try:
        segments = text.split(".")
        if len(segments) != 3 or not all(segments):
            raise ValueError("not three segments")
        header, payload, signature = map(from_base64url, segments)
        if len(signature) != 64:
            raise ValueError("no signature of 64 bytes")
        values = parse_object(header, 16384)
    except ValueError as error:
        raise Refusal(f"{name}_malformed", str(error)) from None
    try:
        return Jws(
            text=text,
            kid=values["kid"],
            signer=_checked(values, len(header), typ, cty),
            payload=payload,
            signed=text.rsplit(".", 1)[0].encode("ascii"),
            signature=signature,
        )
    except (ValueError, KeyError) as error:
        raise Refusal(f"{name}_header_invalid", str(error)) from None


def _checked(values: dict, size: int, typ: str, cty: str | None) -> str:
    if size > MAX_HEADER or set(values) != {"alg", "typ", "kid"} | ({"cty"} if cty else set()):
        raise ValueError("other members than allowed")
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError("a member that is no text")
    if values["alg"] not in ("Ed25519", "EdDSA") or values["typ"] != typ or values.get("cty") != cty:
        raise ValueError("other values than allowed")
    return did_of_url(values["kid"])
