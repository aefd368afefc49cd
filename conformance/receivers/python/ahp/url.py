"""The one spelling of URLs and request targets (spec chapter 7.4), and what missions cover (chapter 8.3)."""

import ipaddress
import re
from dataclasses import dataclass

MAX_CHARACTERS = 1024

_URL = re.compile(r"(https?)://([^/?#@]+)(/[^?]*)(?:\?(.*))?\Z", re.DOTALL)
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?\Z")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_PATH = re.compile(r"/(?:[!$&'()*+,\-./0-9:;=@A-Z\[\]_a-z|~]|%[0-9A-F]{2})*\Z")
_QUERY = re.compile(r"(?:[!$&()*+,\-./0-9:;=?@A-Z\[\]^_`a-z{|}~]|%[0-9A-F]{2})*\Z")
_ESCAPE = re.compile(r"%([0-9A-F]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]\Z")
_LOCAL = {"localhost", "127.0.0.1", "[::1]"}
_ACTION = re.compile(r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*\Z")


@dataclass(frozen=True)
class Url:
    """In normal form."""

    text: str
    authority: str
    origin: str
    path: str
    query: str | None

    @property
    def without_query(self) -> str:
        return self.origin + self.path


def parse(text: str) -> Url:
    """Raises ValueError for a text that is not in normal form; nothing is repaired."""
    found = _URL.match(text)
    if found is None or len(text) > MAX_CHARACTERS:
        raise ValueError("not a URL in normal form")
    scheme, authority, path, query = found.groups()
    check_authority(scheme, authority)
    check_target(path if query is None else f"{path}?{query}")
    return Url(text, authority, f"{scheme}://{authority}", path, query)


def check_authority(scheme: str, authority: str) -> None:
    found = _HOST.match(authority)
    if found is None:
        raise ValueError("not an authority")
    host, port = found.groups()
    if port is not None and (int(port) > 65535 or int(port) == {"https": 443, "http": 80}[scheme]):
        raise ValueError("not a port that is written")
    if scheme == "http" and host not in _LOCAL:
        raise ValueError("http is for this machine only")
    _check_host(host)


def _check_host(host: str) -> None:
    if host.startswith("["):
        if f"[{_ipv6_text(ipaddress.IPv6Address(host[1:-1]))}]" != host:
            raise ValueError("an address in another spelling")
        return
    labels = host.split(".")
    if _NUMERIC.match(labels[-1]):
        if str(ipaddress.IPv4Address(host)) != host:
            raise ValueError("an address in another spelling")
        return
    if len(host) > 253 or not all(map(_LABEL.match, labels)):
        raise ValueError("not a name of a host")


def _ipv6_text(address: ipaddress.IPv6Address) -> str:
    """As the URL standard prints it: the first longest run of two or more zeros becomes `::`."""
    pieces = [f"{int.from_bytes(address.packed[i : i + 2], 'big'):x}" for i in range(0, 16, 2)]
    runs = re.finditer(r"(?:(?<=:)|^)0(?::0)+(?=:|$)", ":".join(pieces))
    longest = max(runs, key=lambda run: len(run.group()), default=None)
    text = ":".join(pieces)
    if longest is None:
        return text
    return f"{text[: longest.start()].rstrip(':')}::{text[longest.end() :].lstrip(':')}"


def check_target(target: str) -> None:
    """Path and query, as in the line of a request. Raises ValueError."""
    path, mark, query = target.partition("?")
    if len(target) > MAX_CHARACTERS or not _PATH.match(path) or "//" in path or not _QUERY.match(query):
        raise ValueError("not a path and query in normal form")
    for digits in _ESCAPE.findall(target):
        if digits == "00" or _UNRESERVED.match(chr(int(digits, 16))):
            raise ValueError("an escape that must not be there")
    decoded = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), path)
    for segment in re.split(r"[/\\]", decoded):
        if segment.split(";", 1)[0] in (".", "..") or segment in (".", ".."):
            raise ValueError("a dot segment")


def is_action(text: str) -> bool:
    return len(text.encode("utf-8")) <= 128 and _ACTION.match(text) is not None


def check_mission(mission: list) -> None:
    """What the schema cannot say of a mission (AHP-PASS-12). Raises ValueError."""
    for pair in mission:
        target = pair["target"]
        if len(target.encode("utf-8")) > 1024:
            raise ValueError("a target that is too long")
        if target.endswith("*"):
            if not target.endswith("/*") or parse(target).query is not None:
                raise ValueError("not a pattern of targets")


def covers(mission: list, action: str, target: str) -> bool:
    """Whether one pair covers both (AHP-PASS-13)."""
    return is_action(action) and any(
        _covers_action(pair["action"], action) and _covers_target(pair["target"], target) for pair in mission
    )


def _covers_action(pattern: str, action: str) -> bool:
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return action.startswith(pattern[:-1]) and len(action) > len(pattern) - 1
    return pattern == action


def _covers_target(pattern: str, target: str) -> bool:
    if not pattern.endswith("*"):
        return pattern == target
    try:
        return parse(target).query is None and target.startswith(pattern[:-1])
    except ValueError:
        return False
