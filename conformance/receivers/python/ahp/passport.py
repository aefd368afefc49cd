"""The passport: who vouches for the agent, for what, and until when (spec chapters 8 and 12)."""

from dataclasses import dataclass

from . import schema, url
from .did import check_did, key_of_did, key_of_jwk, thumbprint
from .encoding import hash_of
from .harness_token import verify_signer
from .jws import Jws
from .refusal import Refusal
from .strict_json import parse_object
from .times import seconds_of
from .trust import Party, Trust

MAX_DAYS = 366


@dataclass(frozen=True)
class Passport:
    """Verified."""

    issuer: Party
    subject: dict
    agent: str
    key: bytes
    jkt: str
    status: dict | None
    end: int


def verify(jws: Jws, trust: Trust, now: int) -> Passport:
    issuer = verify_signer(jws, "passport", trust.issuers, now)
    try:
        claims = parse_object(jws.payload, 4096)
        schema.check(claims, "passport")
        subject = claims["credentialSubject"]
        begin, end = seconds_of(claims["validFrom"]), seconds_of(claims["validUntil"])
        if claims["issuer"] != jws.signer or end <= begin:
            raise ValueError("issuer is not the signer, or it ends before it begins")
        _check_subject(subject)
        jwk = claims["cnf"]["jwk"]
        key = key_of_jwk(jwk)
        if "credentialStatus" in claims:
            url.parse(claims["credentialStatus"]["statusListCredential"])
    except ValueError as error:
        raise Refusal("passport_claims_invalid", str(error)) from None
    if key != key_of_did(subject["id"]):
        raise Refusal("passport_key_mismatch")
    if end - begin > MAX_DAYS * 86400:
        raise Refusal("passport_lifetime_too_long")
    if begin > now + trust.skew:
        raise Refusal("passport_not_yet_valid")
    if end <= now:
        raise Refusal("passport_expired")
    return Passport(issuer, subject, subject["id"], key, thumbprint(jwk["x"]), claims.get("credentialStatus"), end)


def _check_subject(subject: dict) -> None:
    """What the schema cannot say."""
    key_of_did(subject["id"])
    for did in subject["harness"]:
        check_did(did)
    url.check_mission(subject["mission"])
    for fact in subject["attestations"].values():
        if fact["grade"] != "none":
            seconds_of(fact["time"])
        if "id" in fact:
            check_did(fact["id"])


def check_joins(passport: Passport, chain: str, claims: dict, harness: Party, trust: Trust, origin: str) -> None:
    """Do token, passport, harness and log belong together (chapter 8.4)?"""
    if claims["psp"] != hash_of(chain.encode("ascii")):
        raise Refusal("passport_digest_mismatch")
    if claims["sub"] != passport.agent:
        raise Refusal("subject_mismatch")
    if claims["cnf"]["jkt"] != passport.jkt:
        raise Refusal("holder_key_mismatch")
    if claims["aud"] != trust.audience or claims["aud"] != url.parse(claims["htu"]).origin:
        raise Refusal("audience_mismatch")
    if "root" not in passport.issuer.roles:
        raise Refusal("issuer_role_missing")
    if passport.subject.get("delegatedOnly", False):
        raise Refusal("delegated_only")
    if passport.jkt in trust.pinned:
        raise Refusal("key_role_conflict")
    if claims["iss"] not in passport.subject["harness"]:
        raise Refusal("harness_not_named")
    if origin not in harness.ledgers:
        raise Refusal("log_not_allowed")


def check_status(passport: Passport) -> None:
    """AHP-STATUS-1 and AHP-STATUS-2: each issuer here is unrevocable, so none publishes a list."""
    if passport.status is not None:
        raise Refusal("status_not_listed")
