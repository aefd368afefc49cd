"""Dictionaries of RFC 8941, as Signature-Input, Signature and Content-Digest are written. Raises ValueError."""

import base64
import re
from dataclasses import dataclass, field

from .encoding import to_base64

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_BYTES = re.compile(r":([A-Za-z0-9+/]*)=*:")
_BOOLEAN = re.compile(r"\?([01])")


class Token(str):
    """A bare word, which is another thing than a string in quotes."""


@dataclass
class Item:
    value: object
    parameters: list = field(default_factory=list)  # pairs, as often as they are there

    def parameter(self, name: str) -> object:
        """RFC 8941 section 4.2.3.2: the last one counts."""
        return dict(self.parameters).get(name)


@dataclass
class Member:
    item: Item  # of an inner list, `value` is a list of items
    text: str  # as it was sent, after the label and `=`


def parse_dictionary(text: str, max_members: int) -> dict[str, Member]:
    reader = _Reader(text.strip(" "))
    members: dict[str, Member] = {}
    while not reader.is_done():
        label = reader.key()
        start = reader.at
        if reader.take("="):
            start = reader.at
            item = reader.item_or_list()
        else:
            item = Item(True, reader.parameters())
        if label in members or len(members) == max_members:
            raise ValueError("a label twice, or too many members")
        members[label] = Member(item, reader.text[start : reader.at])
        reader.white_space()
        if reader.is_done():
            return members
        reader.expect(",")
        reader.white_space()
        if reader.is_done():
            raise ValueError("a comma at the end")
    return members


def serialise(item: Item) -> str:
    """RFC 8941 section 4.1."""
    value = item.value
    inner = f"({' '.join(map(serialise, value))})" if isinstance(value, list) else _bare(value)
    return inner + "".join(f";{name}" + ("" if each is True else f"={_bare(each)}") for name, each in item.parameters)


def _bare(value: object) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, bytes):
        return f":{to_base64(value)}:"
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, float):
        return repr(value)
    return str(value)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def is_done(self) -> bool:
        return self.at == len(self.text)

    def take(self, text: str) -> bool:
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise ValueError(f"no {text} where one must be")

    def match(self, pattern: re.Pattern) -> re.Match | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def white_space(self) -> None:
        while self.take(" ") or self.take("\t"):
            pass

    def spaces(self) -> int:
        start = self.at
        while self.take(" "):
            pass
        return self.at - start

    def key(self) -> str:
        found = self.match(_KEY)
        if found is None:
            raise ValueError("not a key")
        return found.group()

    def item_or_list(self) -> Item:
        return self.inner_list() if self.take("(") else self.item()

    def inner_list(self) -> Item:
        items: list = []
        self.spaces()
        while not self.take(")"):
            items.append(self.item())
            if self.spaces() == 0 and not self.text.startswith(")", self.at):
                raise ValueError("no space between items")
        return Item(items, self.parameters())

    def item(self) -> Item:
        return Item(self.bare(), self.parameters())

    def parameters(self) -> list:
        pairs = []
        while self.take(";"):
            self.spaces()
            name = self.key()
            pairs.append((name, self.bare() if self.take("=") else True))
        return pairs

    def bare(self) -> object:
        if (found := self.match(_STRING)) is not None:
            return re.sub(r"\\(.)", r"\1", found.group(1))
        if (found := self.match(_BYTES)) is not None:
            return _decode(found.group(1))
        if (found := self.match(_BOOLEAN)) is not None:
            return found.group(1) == "1"
        if (found := self.match(_NUMBER)) is not None:
            return _number(found.group())
        if (found := self.match(_TOKEN)) is not None:
            return Token(found.group())
        raise ValueError("not an item")


def _decode(text: str) -> bytes:
    """As leniently as section 4.2.7 asks; who needs one spelling prints the item again and compares."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _number(text: str) -> int | float:
    whole, point, decimals = text.lstrip("-").partition(".")
    if len(whole) > (12 if point else 15) or len(decimals) > 3:
        raise ValueError("a number with too many digits")
    return float(text) if point else int(text)
