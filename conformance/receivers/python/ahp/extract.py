"""Finds the evidence in a request that all parsers read alike (spec chapters 7.1 and 7.2)."""

import re
from dataclasses import dataclass

from . import possession, url
from .http1 import Request
from .refusal import Refusal

MAX_LINE = 8000
MAX_EVIDENCE = 12_288
MAX_TEXT = 4096
MAX_CHAIN = 7980
MAX_DELEGATION = 1100
MAX_FIELD_LINES = 128

HIDDEN = ("x-aegis-token", "x-aegis-passport", "x-aegis-proof", "signature-input", "signature")
_OVERRIDES = (
    "x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-original-uri", "x-rewrite-url",
    "x-aiegis-original-method", "x-aiegis-original-uri", "x-aegis-context",
)  # fmt: skip
_REFUSED = {"trailer": "trailer_refused", "content-encoding": "content_encoding_refused", "early-data": "early_data_refused"}
_METHOD = re.compile(r"[A-Z]{1,20}\Z")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]{1,5})?\Z")


@dataclass(frozen=True)
class Evidence:
    """Text as it was sent."""

    token: str
    chain: str
    proof: str
    signature_input: str
    signature: str


def extract(request: Request, limits: dict) -> Evidence:
    """Refuses with a code of the step extract; a request without a token is always `token_missing`."""
    lines = {name: request.values(name) for name in HIDDEN}
    for name in ("token", "passport", "proof"):
        if not lines[f"x-aegis-{name}"]:
            raise Refusal(f"{name}_missing")
    if not lines["signature-input"] or not lines["signature"]:
        raise Refusal("possession_missing")
    _check_framing(request)
    for name in HIDDEN[:3]:
        if len(lines[name]) > 1 or "," in lines[name][0]:
            raise Refusal("evidence_repeated")
    _check_sizes(lines, limits)
    evidence = Evidence(*(", ".join(lines[name]) for name in HIDDEN))
    _require_possession(evidence)
    return evidence


def _check_framing(request: Request) -> None:
    if not _METHOD.match(request.method) or request.method in ("CONNECT", "TRACE"):
        raise Refusal("method_invalid")
    hosts = request.values("host")
    if len(hosts) != 1 or not _HOST.match(hosts[0]) or len(request.fields) > MAX_FIELD_LINES:
        raise Refusal("request_malformed")
    try:
        url.check_target(request.target)
    except ValueError as error:
        raise Refusal("target_invalid", str(error)) from None
    if any(request.values(name) for name in _OVERRIDES):
        raise Refusal("override_header")
    for name, code in _REFUSED.items():
        if request.values(name):
            raise Refusal(code)
    if len(request.values("content-type")) > 1:
        raise Refusal("content_type_repeated")


def _check_sizes(lines: dict[str, list[str]], limits: dict) -> None:
    """AHP-BIND-4, before anything is decoded."""
    sizes = [len(name) + 2 + len(value) for name, values in lines.items() for value in values]
    token, chain, proof = (lines[name][0] for name in HIDDEN[:3])
    parts = chain.split("~")
    if (
        max(sizes) > MAX_LINE
        or sum(sizes) > MAX_EVIDENCE
        or len(token) > limits.get("tokenBytes", MAX_TEXT)
        or len(proof) > limits.get("proofChars", MAX_TEXT)
        or len(chain) > MAX_CHAIN
        or any(len(part) > limits.get("passportBytes", MAX_TEXT) for part in parts[::2])
        or any(len(part) > MAX_DELEGATION for part in parts[1::2])
    ):
        raise Refusal("evidence_too_large")


def _require_possession(evidence: Evidence) -> None:
    """A request whose signatures all belong to others lacks this one (AHP-POP-1). Bad form is for the step decode."""
    try:
        if not possession.labels_with_tag(possession.members_of(evidence.signature_input)):
            raise Refusal("possession_missing")
    except ValueError:
        return
