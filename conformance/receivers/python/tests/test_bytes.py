"""The bytes of chapter 2: each rule from both sides, and public vectors where VECTORS_DIR is set."""

import json
import os
import pathlib
import re
import unittest

from ahp import did, ed25519, strict_json
from ahp.encoding import from_base64, from_base64url, jcs

VECTORS = os.environ.get("VECTORS_DIR")


def vectors(*path: str):
    return json.loads(pathlib.Path(VECTORS, *path).read_text("utf-8"))


class Base64(unittest.TestCase):
    def test_has_one_spelling(self):
        self.assertEqual(from_base64url("AA"), b"\0")
        self.assertEqual(from_base64("AA=="), b"\0")
        for text in ("A", "AB", "AA==", "A A", "AA\n", "A+", "é"):
            self.assertRaises(ValueError, from_base64url, text)
        for text in ("AA", "AA=", "AB==", "AA===", "AA==\n", "A-==", "AA==AA=="):
            self.assertRaises(ValueError, from_base64, text)


class Json(unittest.TestCase):
    def test_reads_what_every_program_reads_alike(self):
        for text, value in (
            (b'{"a":[1,6e1,60.0,-1,0.5,true,false,null]}', {"a": [1, 60, 60, -1, 0.5, True, False, None]}),
            (b' "\\ud83d\\ude00\\u00e9\\/" ', "😀é/"),
            (b"9007199254740991", 2**53 - 1),
            (b"1e-400", 0),
            (b"[" * 16 + b"]" * 16, [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]),
        ):
            self.assertEqual(strict_json.parse(text, 1000), value)

    def test_refuses_the_rest(self):
        for text in (
            b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b'{"__proto__":1}', b'{"\\u005f_proto__":1}', b'"\\ud800"', b'"\\udc00\\ud800"',
            b'{"\\udfff":1}', b"\xef\xbb\xbf{}", b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b"-0", b"-0.0", b"-1e-400", b"1e400",
            b"9007199254740992", b"-9007199254740992", b"1e16", b"01", b"+1", b"1.", b".5", b"NaN", b"Infinity", b"[1,]", b"{,}", b"{} {}",
            b'"\x01"', b'"\\x41"', b'"', b"", b"tru", b"'a'", b"/**/1", b"[" * 17 + b"]" * 17, "١".encode(), b"\xc2\xa01",
        ):  # fmt: skip
            with self.subTest(text):
                self.assertRaises(ValueError, strict_json.parse, text, 1000)

    def test_has_bounds(self):
        self.assertRaises(ValueError, strict_json.parse, b"[1]", 2)
        strict_json.parse(b"[" + b"1," * 2047 + b"1]", 10_000)
        self.assertRaises(ValueError, strict_json.parse, b"[" + b"1," * 2048 + b"1]", 10_000)
        strict_json.parse(b"[" + b"[]," * 1023 + b"[]]", 10_000)
        self.assertRaises(ValueError, strict_json.parse, b"[" + b"[]," * 1024 + b"[]]", 10_000)

    def test_is_written_as_jcs(self):
        self.assertEqual(jcs({"b": None, "a": 'é"\\\n\x1f\x7f', "€": 2}).decode(), '{"a":"é\\"\\\\\\n\\u001f\x7f","b":null,"€":2}')
        self.assertEqual(list(json.loads(jcs({"\ue000": 1, "\U00010000": 2}))), ["\U00010000", "\ue000"])
        for value in (True, 0.5, [1]):
            self.assertRaises(ValueError, jcs, value)


class Ed25519(unittest.TestCase):
    def test_verifies_the_first_vector_of_rfc_8032(self):
        key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        signature = bytes.fromhex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        )
        self.assertTrue(ed25519.verify(key, b"", signature))
        self.assertFalse(ed25519.verify(key, b"x", signature))
        s = int.from_bytes(signature[32:], "little") + ed25519.L
        self.assertFalse(ed25519.verify(key, b"", signature[:32] + s.to_bytes(32, "little")))

    def test_refuses_points_of_small_order_with_either_sign(self):
        for y in ed25519.SMALL_ORDER_Y:
            for sign in (0, 1 << 255):
                point = (y | sign).to_bytes(32, "little")
                self.assertRaises(ValueError, ed25519.check_public_key, point)
                # Under a key of order 1, (R, S) = (neutral point, 0) satisfies the equation for every message.
                self.assertFalse(ed25519.verify(point, b"any", (1).to_bytes(32, "little") + bytes(32)))
        self.assertRaises(ValueError, ed25519.check_public_key, (ed25519.P + 3).to_bytes(32, "little"))

    @unittest.skipUnless(VECTORS, "VECTORS_DIR is not set")
    def test_agrees_with_wycheproof(self):
        count = 0
        for group in vectors("wycheproof", "ed25519_test.json")["testGroups"]:
            key = bytes.fromhex(group["publicKey"]["pk"])
            for test in group["tests"]:
                is_valid = ed25519.verify(key, bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))
                self.assertEqual(is_valid, test["result"] == "valid", test["tcId"])
                count += 1
        self.assertGreater(count, 100)


class Did(unittest.TestCase):
    def test_has_one_spelling(self):
        for text in ("did:web:a.example", "did:web:localhost%3A8080", "did:web:a.example:x:Y_z", "did:web:xn--a.xn--b"):
            did.check_did(text)
        for text in (
            "did:web:A.example", "did:web:a", "did:web:a.b", "did:web:127.0.0.1", "did:web:0x7f.1", "did:web:a.example%3a1", "did:web:a.example%3A443",
            "did:web:a.example%3A65536", "did:web:a.example:", "did:web:a.example:.x", "did:web:a.example%2Fx", "did:web:a.example.",
            "did:web:-a.example", "did:jwk:e30", "did:web:a.example\n", "did:web:a.example#1",
        ):  # fmt: skip
            with self.subTest(text):
                self.assertRaises(ValueError, did.check_did, text)
        self.assertEqual(did.did_of_url("did:web:a.example#k-1"), "did:web:a.example")
        for text in ("did:web:a.example", "did:web:a.example#", "#1", "did:web:a.example?x#1", "did:web:a.example#1#2"):
            self.assertRaises(ValueError, did.did_of_url, text)

    @unittest.skipUnless(VECTORS, "VECTORS_DIR is not set")
    def test_takes_and_refuses_what_the_vectors_do(self):
        good = [each for each in vectors("did-key", "test-vectors", "ed25519-x25519.json") if each.startswith("did:key:z6Mk")]
        bad = [each["did"] for each in vectors("did-key", "did-key-negatives.json")["cases"]]
        keys = json.dumps([vectors("did-key", "test-vectors", f"{name}.json") for name in ("secp256k1", "x25519", "nist-curves")])
        others = [each for each in re.findall(r"did:key:z[A-Za-z0-9]+", keys) if not each.startswith("did:key:z6Mk")]
        self.assertTrue(good and bad and others)
        for text in good:
            self.assertEqual(len(did.key_of_did(text)), 32)
        for text in bad + others:
            self.assertRaises(ValueError, did.check_did, text)
