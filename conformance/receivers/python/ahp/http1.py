"""A small, strict reader of HTTP/1.1 (RFC 9112): what two programs could frame differently is refused here."""

import re
import socket
import time
from dataclasses import dataclass, field

from .refusal import Refusal

MAX_HEAD = 32_768
MAX_CHUNK_LINE = 256
HEAD_SECONDS = 10
IDLE_SECONDS = 20
LINGER_SECONDS = 2
MAX_LINGER = 4 * 1024 * 1024

_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/1\.1\Z")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*\Z")
_LENGTH = re.compile(r"[0-9]{1,15}\Z")
_CHUNK = re.compile(r"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t -~\x80-\xff]*)?\Z")


class Closed(Exception):
    """The other side is gone, or says nothing any more: nobody is left to answer."""


class Connection:
    """Bytes from one client, read with a deadline."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._buffer = b""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_request(self) -> "Request":
        """The head of the next request. Raises Closed, or refuses with `request_malformed`."""
        head = self._read_head()
        line, *lines = head.decode("latin-1").split("\r\n")
        found = _REQUEST_LINE.match(line)
        if found is None:
            raise Refusal("request_malformed", "not a line of a request")
        fields = []
        for text in lines:
            pair = _FIELD.match(text)
            if pair is None:
                raise Refusal("request_malformed", "not a field line")
            fields.append((pair.group(1).lower(), pair.group(2)))
        return Request(found.group(1), found.group(2), fields, self)

    def _read_head(self) -> bytes:
        deadline = time.monotonic() + IDLE_SECONDS
        if not self._buffer:
            self._more(deadline)
            deadline = time.monotonic() + HEAD_SECONDS
        while True:
            if self._buffer.startswith(b"\r\n"):  # RFC 9112 section 2.2: an empty line may come first
                self._buffer = self._buffer[2:]
            end = self._buffer.find(b"\r\n\r\n")
            head = self._buffer if end < 0 else self._buffer[:end]
            # Lines end in CRLF; what is open at the end of the buffer may still get its LF.
            if re.search(rb"(?<!\r)\n|\r(?!\n|\Z)|\0", head) or len(head) > MAX_HEAD:
                raise Refusal("request_malformed", "a line that does not end in CRLF, or a head that is too large")
            if end >= 0:
                self._buffer = self._buffer[end + 4 :]
                return head
            self._more(deadline)

    def _more(self, deadline: float) -> None:
        self._client.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            data = self._client.recv(65_536)
        except OSError:
            raise Closed from None
        if not data:
            raise Closed
        self._buffer += data

    def read(self, size: int, deadline: float) -> bytes:
        """Exactly so many bytes of content. Refuses with `content_timeout` or `content_incomplete`."""
        parts, missing = [], size
        while missing > 0:
            if not self._buffer:
                self._more_content(deadline)
            part, self._buffer = self._buffer[:missing], self._buffer[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def read_line(self, deadline: float) -> str:
        while b"\n" not in self._buffer[:MAX_CHUNK_LINE]:
            if len(self._buffer) >= MAX_CHUNK_LINE:
                raise Refusal("request_malformed", "a line in the content that is too long")
            self._more_content(deadline)
        line, self._buffer = self._buffer.split(b"\n", 1)
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            raise Refusal("request_malformed", "a line in the content that does not end in CRLF")
        return line[:-1].decode("latin-1")

    def _more_content(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            raise Refusal("content_timeout")
        try:
            self._more(deadline)
        except Closed:
            raise Refusal("content_timeout" if time.monotonic() >= deadline else "content_incomplete") from None

    def write(self, data: bytes) -> None:
        self._client.settimeout(IDLE_SECONDS)
        self._client.sendall(data)

    def linger(self) -> None:
        """Says that nothing more follows, and reads on for a while: a reset would take the answer back."""
        deadline, total = time.monotonic() + LINGER_SECONDS, len(self._buffer)
        try:
            self._client.shutdown(socket.SHUT_WR)
            while total < MAX_LINGER and time.monotonic() < deadline:
                self._buffer = b""
                self._more(deadline)
                total += len(self._buffer)
        except (OSError, Closed):
            return


@dataclass
class Request:
    """The head of a request; its content is read when somebody asks for it."""

    method: str
    target: str
    fields: list[tuple[str, str]]
    connection: Connection
    length: int | None = field(init=False)
    is_read: bool = field(init=False)

    def __post_init__(self) -> None:
        lengths, codings = self.values("content-length"), self.values("transfer-encoding")
        if len(lengths) + len(codings) > 1 or any(coding.lower() != "chunked" for coding in codings):
            raise Refusal("request_malformed", "more than one statement of where the content ends")
        if lengths and not _LENGTH.match(lengths[0]):
            raise Refusal("request_malformed", "Content-Length is no number")
        self.length = None if codings else int(lengths[0]) if lengths else 0
        self.is_read = self.length == 0

    def values(self, name: str) -> list[str]:
        """The values of all lines of one field, in order."""
        return [value for known, value in self.fields if known == name]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def wants_close(self) -> bool:
        return "close" in ",".join(self.values("connection")).lower()

    def read_content(self, limit: int, deadline: float) -> bytes:
        """All of it, or a refusal. Who waits to be asked for it is asked now (AHP-ROAD-13)."""
        if self.is_read:
            return b""
        if self.length is not None and self.length > limit:
            raise Refusal("content_too_large")
        if "100-continue" in ",".join(self.values("expect")).lower():
            self.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        content = self._read_chunks(limit, deadline) if self.length is None else self.connection.read(self.length, deadline)
        self.is_read = True
        return content

    def _read_chunks(self, limit: int, deadline: float) -> bytes:
        content = b""
        while True:
            found = _CHUNK.match(self.connection.read_line(deadline))
            if found is None:
                raise Refusal("request_malformed", "not the line of a chunk")
            size = int(found.group(1), 16)
            if len(content) + size > limit:
                raise Refusal("content_too_large")
            if size == 0:
                break
            content += self.connection.read(size, deadline)
            if self.connection.read(2, deadline) != b"\r\n":
                raise Refusal("request_malformed", "a chunk of another size than it says")
        if self.connection.read_line(deadline) != "":
            raise Refusal("trailer_refused")
        return content
