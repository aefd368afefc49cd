"""What a refusal is: a code of the registry and nothing that the caller wrote (spec chapter 13)."""

import json
import pathlib

VERSION = "ahp-receiver/0.1"
SPEC = pathlib.Path(__file__).resolve().parents[4] / "spec"

REASONS = {
    row["code"]: row
    for row in json.loads((SPEC / "registry" / "reasons.json").read_text("utf-8"))["reasons"]
}


class Refusal(Exception):
    """A code of the registry. `detail` is for the log of the operator and never leaves the receiver."""

    def __init__(self, code: str, detail: str = "", retry_after: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.row = REASONS[code]
        self.code = code
        self.retry_after = retry_after


def problem(refusal: Refusal, now: int) -> bytes:
    """The body of a refusal (AHP-REFUSE-1): always these seven members."""
    row = refusal.row
    return json.dumps(
        {
            "type": f"urn:ahp-receiver:0.1:{row['public']}",
            "title": row["title"],
            "status": row["status"],
            "code": row["public"],
            "retry": row["retry"],
            "executed": row["executed"],
            "now": now,
        }
    ).encode()


def challenge(refusal: Refusal, audience: str, harnesses: list[str]) -> str:
    """The value of WWW-Authenticate (AHP-REFUSE-3). Nothing was wrong with a token that was not sent."""
    error = "" if refusal.code == "token_missing" else f'error="{refusal.row["public"]}", '
    return f'AEGIS {error}aud="{audience}", harness="{" ".join(harnesses)}", ahp="{VERSION}"'
