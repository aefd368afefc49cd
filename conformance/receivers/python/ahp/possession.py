"""The signature that shows that the sender holds the agent's key (spec chapter 6)."""

from dataclasses import dataclass

from . import ed25519
from .encoding import to_base64url
from .fields import Member, Token, parse_dictionary, serialise
from .refusal import Refusal

TAG = "aegis-pop"
COMPONENTS = ["@method", "@target-uri", "x-aegis-token"]
MAX_FIELD = 2048
MAX_MEMBERS = 8


@dataclass(frozen=True)
class Possession:
    """Read, not verified."""

    parameters: str  # the text after the label, as sent
    keyid: str
    expires: int | None
    signature: bytes


def members_of(text: str) -> dict[str, Member]:
    """The members of one field. Raises ValueError."""
    if len(text) > MAX_FIELD:
        raise ValueError("a field of signatures that is too long")
    return parse_dictionary(text, MAX_MEMBERS)


def labels_with_tag(members: dict[str, Member]) -> list[str]:
    """Which members are ours (AHP-POP-1). A bare word is no string."""
    tags = {label: member.item.parameter("tag") for label, member in members.items()}
    return [label for label, tag in tags.items() if tag == TAG and not isinstance(tag, Token)]


def read(signature_input: str, signature: str) -> Possession:
    """Refuses with `possession_malformed` or `possession_repeated`."""
    try:
        members = members_of(signature_input)
        signatures = members_of(signature)
        labels = labels_with_tag(members)
        if len(labels) > 1:
            raise Refusal("possession_repeated")
        return _checked(members[labels[0]], signatures.get(labels[0]))
    except (ValueError, IndexError) as error:
        raise Refusal("possession_malformed", str(error)) from None


def _checked(member: Member, signature: Member | None) -> Possession:
    components, parameters = member.item.value, dict(member.item.parameters)
    if not isinstance(components, list) or any(item.parameters for item in components):
        raise ValueError("not a list of plain components")
    if [item.value for item in components] != COMPONENTS or any(isinstance(item.value, Token) for item in components):
        raise ValueError("other components")
    if len(parameters) != len(member.item.parameters) or not {"created", "keyid", "tag"} <= set(parameters):
        raise ValueError("a parameter is missing, or is there twice")
    if set(parameters) - {"created", "keyid", "tag", "alg", "expires", "nonce"}:
        raise ValueError("a parameter that is not known")
    if not _is_time(parameters["created"]) or ("expires" in parameters and not _is_time(parameters["expires"])):
        raise ValueError("a time that is no integer from 0")
    if not all(_is_string(parameters[name]) for name in ("keyid", "nonce", "alg") if name in parameters):
        raise ValueError("a parameter that is no string")
    if parameters.get("alg", "ed25519") != "ed25519" or serialise(member.item) != member.text:
        raise ValueError("another algorithm, or not as RFC 8941 prints it")
    value = signature.item.value if signature is not None else None
    if not isinstance(value, bytes) or len(value) != 64 or serialise(signature.item) != signature.text:
        raise ValueError("no signature of 64 bytes")
    return Possession(member.text, parameters["keyid"], parameters.get("expires"), value)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_string(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Token)


def verify(possession: Possession, claims: dict, token: str, key: bytes, now: int) -> None:
    """AHP-POP-9 to AHP-POP-12. What `created` says is never compared with a clock (AHP-POP-13)."""
    if possession.keyid != claims["cnf"]["jkt"]:
        raise Refusal("possession_key_mismatch")
    if possession.expires is not None and possession.expires <= now:
        raise Refusal("possession_expired")
    text = (
        f'"@method": {claims["htm"]}\n"@target-uri": {claims["htu"]}\n"x-aegis-token": {token}\n'
        f'"@signature-params": {possession.parameters}'
    )
    if not ed25519.verify(key, text.encode("ascii"), possession.signature):
        raise Refusal("possession_invalid")


def read_digest(lines: list[str]) -> bytes | None:
    """The digest in Content-Digest, where there is one (AHP-POP-14)."""
    if not lines:
        return None
    try:
        members = parse_dictionary(lines[0], MAX_MEMBERS)
        value = members["sha-256"].item
        if len(lines) > 1 or len(members) > 1 or value.parameters or not isinstance(value.value, bytes):
            raise ValueError("not one member sha-256")
        if len(value.value) != 32 or serialise(value) != members["sha-256"].text:
            raise ValueError("not a digest of 32 bytes")
        return value.value
    except (ValueError, KeyError) as error:
        raise Refusal("content_digest_malformed", str(error)) from None


def check_digest(digest: bytes | None, htd: str) -> None:
    """AHP-POP-15."""
    if digest is not None and to_base64url(digest) != htd:
        raise Refusal("content_digest_mismatch")
