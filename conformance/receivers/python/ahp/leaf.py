"""The leaf that a log holds for a token, made of the token alone (spec chapter 4)."""

import hmac

from .encoding import from_base64url, hash_of, jcs

COMMITTED = ("agent_did", "action", "target", "deciding_pack", "deciding_rule", "deny_reason", "decision_ms")


def leaf_of(claims: dict, kid: str, token: str) -> bytes:
    """AHP-LEAF-4. `claims` and `kid` are those of a verified token, `token` is its text."""
    entry = claims["entry"]
    salt = from_base64url(claims["salt"])
    values = {**entry, "agent_did": claims["sub"]}
    committed = {name: _commitment(salt, name, values[name]) for name in COMMITTED}
    clear = {
        "ts": f"{entry['ts'][:19]}Z",
        "decision": entry["decision"],
        "deciding_layer": entry["deciding_layer"],
        "harness_kid": kid,
        "ledger_sig": token.rsplit(".", 1)[1],
    }
    return jcs({"v": 1, "entry": {**committed, **clear}, "tok": hash_of(token.encode("ascii"))})


def _commitment(salt: bytes, name: str, value: object) -> str:
    """AHP-LEAF-3: also of null."""
    field = name.encode("ascii")
    key = hmac.digest(salt, field, "sha256")
    return hash_of(b"aiegis-commit/v1\n" + field + b"\n" + key + jcs(value))
