"""The worked example of the specification: it is served, and refused with the right code after each change."""

import base64
import json
import unittest

from ahp import schema
from ahp.encoding import sha256, to_base64url
from ahp.http1 import Request
from ahp.proof import Proof, verify_inclusion
from ahp.refusal import SPEC, Refusal
from ahp.replay import ReplayMemory
from ahp.road import Receiver, Requirement
from ahp.trust import BundleError, check

EXAMPLE = json.loads((SPEC / "worked-example.json").read_text("utf-8"))
NOW = EXAMPLE["now"]


class Content:
    """What has arrived of a request."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int, deadline: float) -> bytes:
        return self.data[:size]


def bundle(**changes) -> dict:
    """The bundle of the example as a receiver of level Basic can have it."""
    value = json.loads(json.dumps(EXAMPLE["trustBundle"]))
    for issuer in value["issuers"]:
        issuer["status"] = "unrevocable"
    for ledger in value["ledgers"]:
        ledger.pop("url", None)
    value["limits"] = {"delegations": 0}
    return {**value, **changes}


def receiver(now: int = NOW, **changes) -> Receiver:
    clock = iter([now - 100])
    return Receiver(check(json.dumps(bundle(**changes)).encode()), lambda: next(clock, now))


def request(**fields) -> Request:
    sent = {name.lower(): value for name, value in EXAMPLE["request"]["headers"]}
    sent.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = [(name, value) for name, value in sent.items() if value is not None]
    example = EXAMPLE["request"]
    return Request(example["method"], example["target"], lines, Content(example["content"].encode()))


class Example(unittest.TestCase):
    def code(self, changed: Request, requirement=Requirement(action="orders.create"), **options) -> str:
        with self.assertRaises(Refusal) as raised:
            receiver(**options).verify(changed, requirement)
        return raised.exception.code

    def test_stops_at_its_status_entry_alone(self):
        # All steps before status have passed: this receiver knows no lists, and the passport names one.
        self.assertEqual(self.code(request()), "status_not_listed")

    def test_is_refused_where_it_is_changed(self):
        token = EXAMPLE["token"]["text"]
        for fields, code in (
            ({"x_aegis_token": None}, "token_missing"),
            ({"x_aegis_passport": None}, "passport_missing"),
            ({"x_aegis_proof": None}, "proof_missing"),
            ({"signature": None}, "possession_missing"),
            ({"x_aegis_token": f"{token}, {token}"}, "evidence_repeated"),
            ({"x_aegis_token": token + "A"}, "token_malformed"),
            ({"x_aegis_token": token[:-4] + "AAAA"}, "token_signature_invalid"),
            ({"x_aegis_passport": "sha-256=" + "A" * 43}, "passport_required"),
            ({"host": "other.example"}, "authority_unknown"),
            ({"content_type": "text/plain"}, "content_type_mismatch"),
            ({"content_encoding": "identity"}, "content_encoding_refused"),
            ({"content_digest": "sha-256=:" + base64.b64encode(bytes(32)).decode() + ":"}, "content_digest_mismatch"),
            ({"x_http_method": "GET"}, "override_header"),
            ({"x_aegis_proof": to_base64url(EXAMPLE["handOff"]["log"]["proof"].encode())}, "inclusion_invalid"),
        ):
            with self.subTest(code):
                self.assertEqual(self.code(request(**fields)), code)

    def test_is_of_its_time(self):
        self.assertEqual(self.code(request(), now=NOW + 300), "token_expired")
        self.assertEqual(self.code(request(), now=NOW - 300), "token_not_yet_valid")


class Bundle(unittest.TestCase):
    def test_asks_for_nothing_that_is_not_there(self):
        witnessed = [{**bundle()["ledgers"][0], "assurance": "cosigned"}]
        published = [{**bundle()["ledgers"][0], "url": "https://ledger.example/1"}]
        harness = bundle()["harnesses"][0]
        read = [{"did": harness["did"], "didWeb": True, "ledgers": harness["ledgers"]}]
        shared = [{**bundle()["issuers"][0], "keys": [{**harness["keys"][0], "kid": bundle()["issuers"][0]["keys"][0]["kid"]}]}]
        for changes in (
            {"limits": {"delegations": 1}}, {"ledgers": witnessed}, {"ledgers": published}, {"harnesses": read}, {"issuers": shared},
            {"issuers": EXAMPLE["trustBundle"]["issuers"]}, {"audience": "https://other.example"}, {"unknown": 1}, {"replay": {}},
            {"time": {"skewSeconds": 31}}, {"harnesses": [harness, harness]}, {"acceptWarn": 1},
        ):  # fmt: skip
            with self.subTest(changes):
                self.assertRaises(BundleError, check, json.dumps(bundle(**changes)).encode())
        without = {name: value for name, value in bundle().items() if name != "replay"}
        self.assertRaises(BundleError, check, json.dumps(without).encode())


class Replay(unittest.TestCase):
    def claim(self, memory: ReplayMemory, jti: str, now: int, exp: int, issuer: str = "i") -> str | None:
        try:
            memory.claim(issuer, jti, now, exp, now)
            return None
        except Refusal as refusal:
            return refusal.code

    def memory(self, **settings) -> ReplayMemory:
        return ReplayMemory(settings, 5, lambda: 1000, lambda: 0)

    def test_takes_each_token_once_for_each_harness(self):
        memory = self.memory()
        self.assertIsNone(self.claim(memory, "a", 1006, 1066))
        self.assertEqual(self.claim(memory, "a", 1125, 1066), "token_replayed")
        self.assertIsNone(self.claim(memory, "a", 1006, 1066, "other"))

    def test_waits_after_its_start(self):
        self.assertEqual(self.claim(self.memory(), "a", 1005, 1065), "replay_warming")
        self.assertIsNone(self.claim(self.memory(), "a", 1006, 1065))
        put_right = ReplayMemory({}, 5, iter([1000, 5000]).__next__, iter([0, 10]).__next__)
        self.assertEqual(self.claim(put_right, "a", 4995, 5055), "replay_warming")

    def test_takes_nothing_for_new_that_it_may_have_forgotten(self):
        memory = self.memory()
        self.assertIsNone(self.claim(memory, "a", 1006, 1066))
        self.assertIsNone(self.claim(memory, "b", 2000, 2060))
        self.assertEqual(self.claim(memory, "a", 1007, 1066), "replay_full")

    def test_drops_nothing_to_make_room(self):
        memory = self.memory(maxRecords=2, maxPerIssuer=1)
        self.assertIsNone(self.claim(memory, "a", 1006, 1066))
        self.assertEqual(self.claim(memory, "b", 1006, 1066), "replay_full")
        self.assertIsNone(self.claim(memory, "b", 1006, 1066, "other"))
        self.assertEqual(self.claim(memory, "b", 1006, 1066, "third"), "replay_full")


class Inclusion(unittest.TestCase):
    def test_needs_the_exact_path(self):
        for path, index, size in (((b"x" * 32,), 0, 1), ((), 0, 2), ((), 1, 1), ((), 0, 0)):
            self.assertRaises(Refusal, verify_inclusion, Proof(index, path, "o", size, bytes(32), ()), b"leaf")

    def test_is_of_an_index_inside_the_tree(self):
        root = sha256(b"\0leaf")
        verify_inclusion(Proof(0, (), "o", 1, root, ()), b"leaf")
        for index in (1, 2, 2**63 - 1):
            self.assertRaises(Refusal, verify_inclusion, Proof(index, (), "o", 1, root, ()), b"leaf")


class Schemas(unittest.TestCase):
    def test_take_one_of_several_forms_and_whole_lines(self):
        harness = bundle()["harnesses"][0]
        schema.check(bundle(), "trust-bundle")
        for party in ({**harness, "didWeb": True}, {"did": harness["did"], "ledgers": harness["ledgers"]}):
            self.assertRaises(ValueError, schema.check, bundle(harnesses=[party]), "trust-bundle")
        schema.check({"action": "a.b", "target": "x"}, "mission")
        for action in ("a.b\n", "A", "a..b", 1, True, None):
            self.assertRaises(ValueError, schema.check, {"action": action, "target": "x"}, "mission")
