"""Whom the receiver trusts: the trust bundle, checked before anything is served (spec chapter 14)."""

import os
import stat
from dataclasses import dataclass, field

from . import schema, url
from .did import check_did, did_of_url, key_of_did, key_of_jwk, thumbprint
from .encoding import to_base64url
from .proof import LOG_TYPE, VerifierKey, read_vkey
from .strict_json import parse
from .times import seconds_of

MAX_BUNDLE = 1024 * 1024
_GRADES = ("none", "asserted", "evidence_checked", "live")


class BundleError(Exception):
    """Why the receiver does not start, in one sentence."""


@dataclass(frozen=True)
class Key:
    key: bytes
    valid_from: int | None
    valid_until: int | None

    def is_valid(self, now: int) -> bool:
        return (self.valid_from is None or self.valid_from <= now) and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True)
class Party:
    did: str
    keys: dict[str, Key]
    ledgers: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trust:
    audience: str
    bases: list
    harnesses: dict[str, Party]
    issuers: dict[str, Party]
    ledgers: dict[str, VerifierKey]
    pinned: frozenset  # thumbprints of all keys in the bundle
    time: dict
    limits: dict
    require: dict
    accept_warn: bool
    accept_obligations: frozenset
    replay: dict = field(default_factory=dict)

    @property
    def skew(self) -> int:
        return self.time.get("skewSeconds", 5)


def load(path: str | None) -> Trust:
    """Reads the file at `path` under the rules of chapter 14.3. Raises BundleError."""
    if path is None or not os.path.isabs(path):
        raise BundleError("AIEGIS_TRUST: write the absolute path of the trust bundle into this variable")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise BundleError(f"{path} cannot be opened ({error.strerror}); it has to be a file and no link") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid not in (0, os.getuid()) or status.st_mode & 0o022:
            raise BundleError(f"{path}: it has to be a regular file of root or of this user that nobody else can write")
        data = file.read(MAX_BUNDLE + 1)
    return check(data)


def check(data: bytes) -> Trust:
    """Raises BundleError."""
    try:
        bundle = parse(data, MAX_BUNDLE, 100_000)
        schema.check(bundle, "trust-bundle")
        assert isinstance(bundle, dict)
        _refuse_what_is_not_there(bundle)
        return _trust(bundle)
    except ValueError as error:
        raise BundleError(f"The trust bundle cannot be used: {error}") from None


def _refuse_what_is_not_there(bundle: dict) -> None:
    """AHP-BUNDLE-9: this receiver is one of level Basic, and never does less than it was asked to."""
    parties = bundle["harnesses"] + bundle["issuers"]
    documents = bundle.get("didWeb", {})
    wanted = {
        "didWeb of a party": any("didWeb" in party for party in parties),
        "didWeb": bool(documents.get("allow")) or documents.get("caFile") is not None,
        "status lists": any(issuer["status"] != "unrevocable" for issuer in bundle["issuers"]),
        "the URL of a log": any("url" in ledger for ledger in bundle["ledgers"]),
        "assurance cosigned": any(ledger["assurance"] == "cosigned" for ledger in bundle["ledgers"]),
        "hand-offs": bundle.get("limits", {}).get("delegations", 0) > 0,
        "maxUnprovenSeconds": "maxUnprovenSeconds" in bundle.get("time", {}),
    }
    for name, is_wanted in wanted.items():
        _require(not is_wanted, f"it asks for {name}, which this receiver does not implement; take it out")


def _trust(bundle: dict) -> Trust:
    _require("replay" in bundle, 'there is no replay store; write "replay": {"memory": {"singleProcess": true}}')
    roles: dict[str, str] = {}
    kids: set[str] = set()
    ledgers = _ledgers(bundle["ledgers"], roles)
    harnesses = _parties(bundle["harnesses"], "harness", roles, kids)
    issuers = _parties(bundle["issuers"], "issuer", roles, kids)
    for party in harnesses.values():
        _require(set(party.ledgers) <= set(ledgers), f"{party.did} names a log that ledgers does not have")
    time = bundle.get("time", {})
    _require(
        time.get("statusRefreshSeconds", 60) < time.get("maxStalenessSeconds", 600),
        "statusRefreshSeconds is not below maxStalenessSeconds",
    )
    return Trust(
        audience=bundle["audience"],
        bases=_bases(bundle),
        harnesses=harnesses,
        issuers=issuers,
        ledgers=ledgers,
        pinned=frozenset(roles),
        time=time,
        limits=bundle.get("limits", {}),
        require=bundle.get("require", {}),
        accept_warn=bundle.get("acceptWarn", False),
        accept_obligations=frozenset(bundle.get("acceptObligations", [])),
        replay=bundle["replay"]["memory"],
    )


def _parties(entries: list, role: str, roles: dict, kids: set) -> dict[str, Party]:
    parties: dict[str, Party] = {}
    for entry in entries:
        did = entry["did"]
        check_did(did)
        _require(did not in parties, f"{did} is there twice as {role}")
        keys: dict[str, Key] = {}
        for pinned in entry["keys"]:
            kid, key = pinned["kid"], _key(pinned)
            _require(did_of_url(kid) == did and kid not in kids, f"{kid} is not of {did}, or is there twice")
            _require(not did.startswith("did:key:") or key_of_did(did) == key.key, f"{kid} is not the key of its DID")
            _one_role(pinned["jwk"]["x"], role, roles)
            kids.add(kid)
            keys[kid] = key
        parties[did] = Party(did, keys, tuple(entry.get("ledgers", ())), tuple(entry.get("roles", ())))
    return parties


def _key(pinned: dict) -> Key:
    begin = seconds_of(pinned["validFrom"]) if "validFrom" in pinned else None
    end = seconds_of(pinned["validUntil"]) if "validUntil" in pinned else None
    _require(begin is None or end is None or begin < end, f"{pinned['kid']} ends before it begins")
    return Key(key_of_jwk(pinned["jwk"]), begin, end)


def _one_role(x: str, role: str, roles: dict) -> None:
    """AHP-BUNDLE-4."""
    _require(roles.setdefault(thumbprint(x), role) == role, "one key has two roles; give each role a key of its own")


def _ledgers(entries: list, roles: dict) -> dict[str, VerifierKey]:
    ledgers: dict[str, VerifierKey] = {}
    for entry in entries:
        origin, witnesses = entry["origin"], entry.get("witnesses", {"quorum": 0, "vkeys": []})
        key = read_vkey(entry["vkey"], LOG_TYPE)
        _require(key.name == origin, f"the verifier key of {origin} has another name")
        _require(origin not in ledgers, f"{origin} is there twice")
        _require(witnesses["quorum"] == 0 and not witnesses["vkeys"], f"{origin} has witnesses without cosigned")
        _one_role(to_base64url(key.key), "log", roles)
        ledgers[origin] = key
    return ledgers


@dataclass(frozen=True)
class Base:
    public: str
    authority: str
    has_path: bool
    mount: str  # without the slash at its end, so that of `/` is empty
    is_fixed: bool

    def target_uri(self, host: str, target: str) -> str | None:
        """The target URI of a request (AHP-BIND-14), or None where this base does not fit."""
        path, mark, query = target.partition("?")
        if not self.is_fixed and host.lower() != self.authority:
            return None
        if path != self.mount and not path.startswith(f"{self.mount}/"):
            return None
        rest = path[len(self.mount) :]
        if not rest and not self.has_path:
            return None
        return f"{self.public}{rest}{mark}{query}"


def _bases(bundle: dict) -> list[Base]:
    bases: list[Base] = []
    for entry in bundle["bases"]:
        public = url.parse(f"{entry['public']}/")
        mount = "" if entry["mount"] == "/" else entry["mount"]
        url.check_target(f"{mount}/")
        base = Base(entry["public"], public.authority, public.path != "/", mount, entry["authority"] == "fixed")
        for other in bases:
            one_host = base.is_fixed or other.is_fixed or base.authority == other.authority
            _require(not (one_host and _overlap(base.mount, other.mount)), "two bases fit one request")
            _require(not _overlap(base.public, other.public), "two bases can give one target URI")
        bases.append(base)
    audience = bundle["audience"]
    origins = {url.parse(f"{base.public}/").origin for base in bases}
    _require(audience in origins, "audience is not the origin of one of its bases")
    return bases


def _overlap(a: str, b: str) -> bool:
    return f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/")


def is_at_least(grade: str, least: str) -> bool:
    return _GRADES.index(grade) >= _GRADES.index(least)


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)
