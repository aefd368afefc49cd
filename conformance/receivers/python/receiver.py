"""The fixture of the suite: what the author of a receiver writes around it (conformance/README.md).

Reads PORT and AIEGIS_TRUST from the environment and listens on 127.0.0.1.
"""

import email.utils
import json
import os
import random
import re
import socket
import sys
import threading

sys.dont_write_bytecode = True  # nothing is written next to the sources

from ahp.encoding import hash_of
from ahp.extract import HIDDEN
from ahp.http1 import Closed, Connection, Request
from ahp.refusal import Refusal, challenge, problem
from ahp.road import Context, Receiver, Requirement
from ahp.trust import BundleError, load

CONNECTIONS = 128
SEEN = (*HIDDEN, "cookie", "authorization")
ROUTES = {
    "/conformance/declared": Requirement(action="conformance.run"),
    "/conformance/aimed": Requirement(action="conformance.aim", target="https://target.conformance.example/thing"),
}
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")


class Fixture:
    """Its routes, and how often the handler ran for each nonce."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self._effects: dict[str, int] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request) -> tuple[int, dict, bytes]:
        """Status, header fields and content of the response."""
        if request.method in ("GET", "HEAD"):
            if request.path == "/conformance/open":
                return _json({"ok": True})
            if request.path.startswith("/conformance/effects/"):
                with self._lock:
                    return _json({"count": self._effects.get(request.path.rsplit("/", 1)[1], 0)})
        try:
            context = self.receiver.verify(request, requirement_of(request))
            log({"verdict": "served", "stage": "context", "now": self.receiver.now()})
            return self.handle(request, context)
        except Refusal as refusal:
            return self.refuse(refusal)
        except Closed:
            raise
        except Exception as error:  # AHP-ROAD-6: what nobody thought of is not served
            log({"fault": type(error).__name__, "detail": str(error)})
            return self.refuse(Refusal("misconfigured"))

    def refuse(self, refusal: Refusal) -> tuple[int, dict, bytes]:
        """Chapter 13.1."""
        trust, now = self.receiver.trust, self.receiver.now()
        log({"verdict": "refused", "code": refusal.code, "stage": refusal.row["stage"], "now": now})
        status = refusal.row["status"]
        fields = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
        if status == 401:
            fields["WWW-Authenticate"] = challenge(refusal, trust.audience, list(trust.harnesses))
        if status == 503:
            fields["Retry-After"] = str(refusal.retry_after or 1 + random.randrange(3))
        return status, fields, problem(refusal, now)

    def handle(self, request: Request, context: Context) -> tuple[int, dict, bytes]:
        """Runs only behind the check. The first thing it does is the effect that the suite counts."""
        nonce = next((value for value in request.values("x-conformance-nonce") if _NONCE.match(value)), "none")
        with self._lock:
            self._effects[nonce] = self._effects.get(nonce, 0) + 1
        path = plain(request.path)
        is_echo = path == "/conformance/echo" or path.startswith("/conformance/echo/")
        if not is_echo and path not in ROUTES:
            return 404, {"Content-Type": "text/plain"}, b"There is nothing here\n"
        claims, entry = context.claims, context.claims["entry"]
        visible = [name for name, _ in request.fields if name not in SEEN]  # AHP-BIND-23, AHP-BIND-24
        return _json(
            {
                "nonce": nonce,
                "agent": context.passport.agent,
                "principal": context.passport.agent,
                "path": [context.passport.agent],
                "depth": 0,
                "action": entry["action"],
                "target": entry["target"],
                "decision": entry["decision"],
                "receiptId": claims["jti"],
                "task": claims["txn"],
                "ledger": {
                    "origin": context.proof.origin,
                    "index": str(context.proof.index),
                    "size": str(context.proof.size),
                    "assurance": "asserted",
                },
                "contentSha256": hash_of(context.content),
                "contentType": next(iter(request.values("content-type")), None),
                "seen": [name for name in SEEN if name in visible],
            }
        )


def plain(path: str) -> str:
    """As widely as anything here routes: without regard to case and to a slash at the end (AHP-REQ-5)."""
    return path.lower().removesuffix("/")


def requirement_of(request: Request) -> Requirement:
    declared = ROUTES.get(plain(request.path))
    if declared is not None and request.method != "POST":
        return Requirement(is_unmapped=True)  # AHP-REQ-7
    return declared or Requirement()


def serve_connection(client: socket.socket, fixture: Fixture) -> None:
    """Request after request, until one of the two sides wants no more."""
    connection = Connection(client)
    try:
        while True:
            try:
                request = connection.read_request()
            except Refusal as refusal:
                write(connection, fixture.refuse(refusal), is_head=False, is_last=True)
                return connection.linger()
            answer = fixture.answer(request)
            is_last = request.wants_close or not request.is_read
            write(connection, answer, request.method == "HEAD", is_last)
            if is_last:
                return connection.linger()
    except (Closed, OSError):
        return
    finally:
        client.close()


def write(connection: Connection, answer: tuple[int, dict, bytes], is_head: bool, is_last: bool) -> None:
    status, fields, content = answer
    lines = {**fields, "Date": email.utils.formatdate(usegmt=True), "Content-Length": str(len(content))}
    if is_last:
        lines["Connection"] = "close"
    head = f"HTTP/1.1 {status} Status\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    connection.write(head.encode("latin-1") + b"\r\n" + (b"" if is_head else content))


def _json(value: object) -> tuple[int, dict, bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def log(line: dict) -> None:
    """For the operator (chapter 13.4)."""
    print(json.dumps(line), file=sys.stderr, flush=True)


def main() -> int:
    try:
        receiver = Receiver(load(os.environ.get("AIEGIS_TRUST")))
    except BundleError as error:
        print(error, file=sys.stderr)
        return 1
    fixture = Fixture(receiver)
    slots = threading.BoundedSemaphore(CONNECTIONS)

    def run(client: socket.socket) -> None:
        try:
            serve_connection(client, fixture)
        finally:
            slots.release()

    with socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "3000"))), backlog=CONNECTIONS) as server:
        while True:
            client, _ = server.accept()
            slots.acquire()
            threading.Thread(target=run, args=(client,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
