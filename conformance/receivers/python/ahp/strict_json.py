"""Reads JSON as spec chapter 2.2 says. Raises ValueError for everything that two programs could read differently."""

import math
import re

MAX_DEPTH = 16
MAX_MEMBERS = 2048
MAX_INTEGER = 2**53 - 1

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = (("true", True), ("false", False), ("null", None))


def parse(data: bytes, max_bytes: int, max_members: int = MAX_MEMBERS) -> object:
    """The value of `data`. Sizes are compared before anything is read (AHP-BYTES-7)."""
    if len(data) > max_bytes:
        raise ValueError("longer than its limit")
    text = data.decode("utf-8")  # strict: no overlong forms, no encoded surrogates
    if text.startswith("\ufeff"):
        raise ValueError("starts with a byte order mark")
    reader = _Reader(text, max_members)
    value = reader.value(0)
    reader.space()
    if reader.at != len(text):
        raise ValueError("something follows")
    return value


def parse_object(data: bytes, max_bytes: int) -> dict:
    value = parse(data, max_bytes)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


class _Reader:
    def __init__(self, text: str, max_members: int) -> None:
        self.text = text
        self.at = 0
        self.members_left = max_members

    def space(self) -> None:
        self.at = _SPACE.match(self.text, self.at).end()

    def take(self, text: str) -> bool:
        self.space()
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise ValueError(f"no {text} where one must be")

    def count(self) -> None:
        self.members_left -= 1
        if self.members_left < 0:
            raise ValueError("more members and elements than allowed")

    def value(self, depth: int) -> object:
        if self.take("{"):
            return self.object(depth + 1)
        if self.take("["):
            return self.list(depth + 1)
        if self.take('"'):
            return self.string()
        for word, value in _WORDS:
            if self.take(word):
                return value
        return self.number()

    def object(self, depth: int) -> dict:
        result: dict = {}
        self.enter(depth)
        if self.take("}"):
            self.count()
            return result
        while True:
            self.count()
            self.expect('"')
            name = self.string()
            if name in result or name == "__proto__":
                raise ValueError("a member is there twice, or is called __proto__")
            self.expect(":")
            result[name] = self.value(depth)
            if self.take("}"):
                return result
            self.expect(",")

    def list(self, depth: int) -> list:
        result: list = []
        self.enter(depth)
        if self.take("]"):
            self.count()
            return result
        while True:
            self.count()
            result.append(self.value(depth))
            if self.take("]"):
                return result
            self.expect(",")

    @staticmethod
    def enter(depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")

    def string(self) -> str:
        parts = []
        while True:
            plain = _PLAIN.match(self.text, self.at)
            parts.append(plain.group())
            self.at = plain.end() + 1
            sign = self.text[plain.end() : self.at]
            if sign == '"':
                return _joined(parts)
            if sign != "\\":
                raise ValueError("a string has a control character or no end")
            parts.append(self.escape())

    def escape(self) -> str:
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        digits = _HEX.match(self.text, self.at) if letter == "u" else None
        if digits is None:
            raise ValueError("no such escape")
        self.at = digits.end()
        return chr(int(digits.group(), 16))

    def number(self) -> int | float:
        self.space()
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            raise ValueError("no value where one must be")
        self.at = found.end()
        number = float(found.group())
        if not math.isfinite(number) or (number == 0 and math.copysign(1, number) < 0):
            raise ValueError("negative zero, or no finite double")
        if not number.is_integer():
            return number
        if abs(number) > MAX_INTEGER:
            raise ValueError("an integer beyond 2^53 - 1")
        return int(number)


def _joined(parts: list) -> str:
    """Joins surrogates that escapes wrote as pairs; a lone one is no Unicode text (AHP-BYTES-5)."""
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
