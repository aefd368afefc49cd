"""The road that every request goes, step by step (spec chapter 10): cheap before dear, and the one write last."""

import dataclasses
import re
import time

from . import harness_token, jws, passport, possession, proof
from .encoding import hash_of
from .extract import Evidence, extract
from .http1 import Request
from .leaf import leaf_of
from .refusal import Refusal
from .replay import ReplayMemory
from .trust import Trust, is_at_least
from .url import covers, parse

MAX_CONTENT = 1024 * 1024
CONTENT_SECONDS = 30
# Of the 35 seconds of a request, the last three belong to the claim (AHP-TIME-20).
REQUEST_SECONDS = 32

_REFERENCE = re.compile(r"sha-256=[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")


@dataclasses.dataclass(frozen=True)
class Requirement:
    """What a route declares; without an action it needs `http.` and the method (chapter 11.1)."""

    action: str | None = None
    target: str | None = None
    is_unmapped: bool = False


@dataclasses.dataclass(frozen=True)
class Decoded:
    token: jws.Jws
    passport: jws.Jws | None  # None where a reference was sent
    proof: proof.Proof
    possession: possession.Possession
    digest: bytes | None


@dataclasses.dataclass(frozen=True)
class Context:
    """What the handler may rely on (chapter 10.2)."""

    claims: dict
    passport: passport.Passport
    proof: proof.Proof
    content: bytes


class Receiver:
    """Verifies requests under one trust bundle."""

    def __init__(self, trust: Trust, clock=time.time) -> None:
        self.trust = trust
        self._clock = clock
        self._replay = ReplayMemory(trust.replay, trust.skew, clock)

    def now(self) -> int:
        return int(self._clock())

    def verify(self, request: Request, requirement: Requirement) -> Context:
        """Refuses with the code of the first step that does not pass."""
        begin, now, trust = time.monotonic(), self.now(), self.trust
        evidence = extract(request, trust.limits)
        decoded = decode(evidence, request, trust)
        claims = harness_token.verify(decoded.token, trust, now)
        if decoded.passport is None:
            raise Refusal("passport_required")
        holder = passport.verify(decoded.passport, trust, now)
        harness = trust.harnesses[decoded.token.signer]
        passport.check_joins(holder, evidence.chain, claims, harness, trust, decoded.proof.origin)
        check_decision(claims, holder, trust)
        check_binding(request, claims, trust)
        possession.verify(decoded.possession, claims, evidence.token, holder.key, now)
        possession.check_digest(decoded.digest, claims["htd"])
        proof.verify_checkpoint(decoded.proof, trust.ledgers[decoded.proof.origin])
        proof.verify_inclusion(decoded.proof, leaf_of(claims, decoded.token.kid, evidence.token))
        passport.check_status(holder)
        check_requirement(request, claims, requirement, holder, trust)
        content = self._read_content(request, claims, begin, now)
        self._claim(claims, holder)
        return Context(claims, holder, decoded.proof, content)

    def _read_content(self, request: Request, claims: dict, begin: float, now: int) -> bytes:
        """AHP-BIND-18 to AHP-BIND-21."""
        seconds = min(
            self.trust.time.get("bodyTimeoutSeconds", CONTENT_SECONDS),
            claims["exp"] - now,
            REQUEST_SECONDS - (time.monotonic() - begin),
        )
        content = request.read_content(self.trust.limits.get("bodyBytes", MAX_CONTENT), time.monotonic() + seconds)
        if hash_of(content) != claims["htd"]:
            raise Refusal("content_mismatch")
        return content

    def _claim(self, claims: dict, holder: passport.Passport) -> None:
        """AHP-TIME-8 and AHP-TIME-9: the clock is read anew before the claim and after it."""
        self._check_ends(claims, holder)
        self._replay.claim(claims["iss"], claims["jti"], claims["iat"], claims["exp"], self.now())
        self._check_ends(claims, holder)

    def _check_ends(self, claims: dict, holder: passport.Passport) -> None:
        now = self.now()
        if claims["exp"] <= now:
            raise Refusal("token_expired")
        if holder.end <= now:
            raise Refusal("passport_expired")


def decode(evidence: Evidence, request: Request, trust: Trust) -> Decoded:
    """The form of each piece; nothing is believed yet."""
    return Decoded(
        token=jws.read(evidence.token, "token", "aegis-token+jwt", None),
        passport=_decode_chain(evidence.chain),
        proof=proof.read(evidence.proof),
        possession=possession.read(evidence.signature_input, evidence.signature),
        digest=possession.read_digest(request.values("content-digest")),
    )


def _decode_chain(chain: str) -> jws.Jws | None:
    """Hand-offs are for receivers of level Standard; a reference is known to have its form, and is never held."""
    if _REFERENCE.match(chain):
        return None
    parts = chain.split("~")
    if len(parts) not in (1, 3, 5):
        raise Refusal("passport_malformed")
    if len(parts) > 1:
        raise Refusal("chain_too_long")
    return jws.read(chain, "passport", "vc+jwt", "vc")


def check_decision(claims: dict, holder: passport.Passport, trust: Trust) -> None:
    entry = claims["entry"]
    if entry["decision"] not in ("ALLOW", "WARN"):
        raise Refusal("decision_not_allowed")
    if not set(claims["obl"]) <= trust.accept_obligations:
        raise Refusal("obligation_not_accepted")
    if entry["decision"] == "WARN" and not trust.accept_warn:
        raise Refusal("warn_not_accepted")
    if not covers(holder.subject["mission"], entry["action"], entry["target"]):
        raise Refusal("mission_exceeded")


def check_binding(request: Request, claims: dict, trust: Trust) -> None:
    """Chapter 7.5: byte for byte."""
    host = request.values("host")[0]
    uris = [uri for base in trust.bases if (uri := base.target_uri(host, request.target)) is not None]
    if len(uris) != 1:
        raise Refusal("authority_unknown")
    if request.method != claims["htm"]:
        raise Refusal("method_mismatch")
    if uris[0] != claims["htu"]:
        raise Refusal("uri_mismatch")
    if "".join(request.values("content-type")) != claims["htc"]:
        raise Refusal("content_type_mismatch")


def check_requirement(
    request: Request, claims: dict, requirement: Requirement, holder: passport.Passport, trust: Trust
) -> None:
    """Chapter 11."""
    action, target = claims["entry"]["action"], claims["entry"]["target"]
    if requirement.is_unmapped:
        raise Refusal("action_unmapped")
    if requirement.action is None and not action.startswith("http."):
        raise Refusal("action_unmapped")
    if action != (requirement.action or f"http.{request.method.lower()}"):
        raise Refusal("action_mismatch")
    if target != (requirement.target or parse(claims["htu"]).without_query):
        raise Refusal("target_mismatch")
    for fact, least in trust.require.items():
        asserted = holder.subject["attestations"][fact]["grade"]
        # Nothing is checked here, so what is checked has the grade none (AHP-REQ-9).
        if not is_at_least(asserted, least.get("asserted", "none")) or not is_at_least("none", least.get("checked", "none")):
            raise Refusal("grade_insufficient")
