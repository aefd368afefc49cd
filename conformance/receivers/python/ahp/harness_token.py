"""The token: who signed it, what it claims, and whether it is of now (spec chapters 3 and 12)."""

from . import ed25519, schema, url
from .did import check_did, key_of_did
from .encoding import from_base64url
from .jws import Jws
from .refusal import VERSION, Refusal
from .strict_json import parse_object
from .times import seconds_of
from .trust import Key, Party, Trust

_LENGTHS = {"action": 128, "target": 1024, "deciding_pack": 64, "deciding_rule": 64, "deciding_layer": 64, "deny_reason": 256}
# Verified where no key is known, so that an unknown signer costs what a known one costs (AHP-ROAD-9).
_DECOY = Key(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), None, None)


def verify_signer(jws: Jws, name: str, parties: dict[str, Party], now: int) -> Party:
    """Refuses with `<name>_issuer_unknown`, `<name>_key_unknown` or `<name>_signature_invalid`."""
    party = parties.get(jws.signer)
    key = party.keys.get(jws.kid) if party is not None else None
    is_valid = ed25519.verify((key or _DECOY).key, jws.signed, jws.signature)
    if party is None:
        raise Refusal(f"{name}_issuer_unknown")
    if key is None or not key.is_valid(now):
        raise Refusal(f"{name}_key_unknown")
    if not is_valid:
        raise Refusal(f"{name}_signature_invalid")
    return party


def verify(jws: Jws, trust: Trust, now: int) -> dict:
    """The claims of a token that a trusted harness signed, at a time in which it counts."""
    verify_signer(jws, "token", trust.harnesses, now)
    claims = _read_claims(jws)
    if claims["iat"] > now + trust.skew:
        raise Refusal("token_not_yet_valid")
    if claims["exp"] <= now:
        raise Refusal("token_expired")
    if claims["exp"] - claims["iat"] > trust.time.get("maxLifetimeSeconds", 60):
        raise Refusal("token_lifetime_too_long")
    if seconds_of(claims["entry"]["ts"], has_decimals=True) != claims["iat"]:
        raise Refusal("entry_time_mismatch")
    return claims


def _read_claims(jws: Jws) -> dict:
    try:
        claims = parse_object(jws.payload, 4096)
        version = claims.get("ahp")
        if isinstance(version, str) and version != VERSION:
            raise Refusal("token_version_unsupported")
        schema.check(claims, "token")
        _check_claims(claims, jws.signer)
        return claims
    except ValueError as error:
        raise Refusal("token_claims_invalid", str(error)) from None


def _check_claims(claims: dict, signer: str) -> None:
    """What the schema cannot say."""
    if claims["iss"] != signer or claims["exp"] <= claims["iat"]:
        raise ValueError("iss is not the signer, or exp is not after iat")
    check_did(claims["iss"])
    key_of_did(claims["sub"])
    url.parse(claims["htu"])
    if len(claims["aud"]) > 256 or url.parse(f"{claims['aud']}/").origin != claims["aud"]:
        raise ValueError("aud is not an origin")
    for name in ("htd", "psp", "salt"):
        from_base64url(claims[name])
    entry = claims["entry"]
    seconds_of(entry["ts"], has_decimals=True)
    for name, length in _LENGTHS.items():
        if entry[name] is not None and len(entry[name].encode("utf-8")) > length:
            raise ValueError(f"{name} is too long")
