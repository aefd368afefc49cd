"""The reader of HTTP/1.1: over real sockets, what two programs could frame differently is refused."""

import socket
import threading
import time
import unittest

from ahp.http1 import Closed, Connection
from ahp.refusal import Refusal

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"


class Reading(unittest.TestCase):
    def read(self, data: bytes, limit: int = 1000, seconds: float = 5) -> bytes:
        """The content of one request that is sent like this, before the sender is done."""
        here, there = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        there.sendall(data)
        there.shutdown(socket.SHUT_WR)
        return Quiet(here).read_request().read_content(limit, time.monotonic() + seconds)

    def code(self, data: bytes, limit: int = 1000) -> str:
        with self.assertRaises(Refusal) as raised:
            self.read(data, limit)
        return raised.exception.code

    def test_reads_content_in_both_framings(self):
        self.assertEqual(self.read(HEAD + b"\r\n"), b"")
        self.assertEqual(self.read(HEAD + b"Content-Length: 3\r\n\r\nabcGET"), b"abc")
        self.assertEqual(self.read(b"\r\n" + HEAD + b"Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n"), b"abc")

    def test_refuses_heads_that_could_be_read_in_two_ways(self):
        for text in (
            b"POST /x HTTP/1.0\r\n\r\n", b"POST  /x HTTP/1.1\r\n\r\n", b"POST /x y HTTP/1.1\r\n\r\n", b"POST /x\r\n\r\n",
            HEAD + b"A : 1\r\n\r\n", HEAD + b"A: 1\r\n 2\r\n\r\n", HEAD + b"A: 1\nB: 2\r\n\r\n", HEAD + b"A: 1\rB\r\n\r\n",
            HEAD + b"A: \0\r\n\r\n", HEAD + b"A\r\n\r\n", HEAD + b": 1\r\n\r\n",
            HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
            HEAD + b"Content-Length: +3\r\n\r\nabc", HEAD + b"Content-Length: \r\n\r\n", HEAD + b"Content-Length: 0x3\r\n\r\nabc",
            HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
            HEAD + b"A: " + b"a" * 40_000 + b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ):  # fmt: skip
            with self.subTest(text[:80]):
                self.assertEqual(self.code(text), "request_malformed")

    def test_refuses_content_with_its_code(self):
        chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(self.code(HEAD + b"Content-Length: 4\r\n\r\nabc"), "content_incomplete")
        self.assertEqual(self.code(HEAD + b"Content-Length: 4\r\n\r\nabcd", limit=3), "content_too_large")
        self.assertEqual(self.code(chunked + b"4\r\nabcd\r\n0\r\n\r\n", limit=3), "content_too_large")
        self.assertEqual(self.code(chunked + b"1\r\na\r\n0\r\nX-Late: 1\r\n\r\n"), "trailer_refused")
        self.assertEqual(self.code(chunked + b"1\r\na\r\n"), "content_incomplete")
        for rest in (b"1\nA\n", b"x\r\n", b"1\r\nab\r\n", b"-1\r\n", b"1 \r\na\r\n", b"fffffffff\r\n", b"0;" + b"x" * 300):
            with self.subTest(rest):
                self.assertEqual(self.code(chunked + rest), "request_malformed")

    def test_waits_no_longer_than_it_may(self):
        here, there = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        there.sendall(HEAD + b"Content-Length: 4\r\n\r\nab")
        request = Quiet(here).read_request()
        with self.assertRaises(Refusal) as raised:
            request.read_content(1000, time.monotonic())
        self.assertEqual(raised.exception.code, "content_timeout")

    def test_asks_for_content_that_waits_when_somebody_reads_it(self):
        here, there = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        there.sendall(HEAD + b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        request = Quiet(here).read_request()
        there.setblocking(False)
        self.assertRaises(BlockingIOError, there.recv, 1)
        there.setblocking(True)

        def send() -> None:
            if there.recv(100).startswith(b"HTTP/1.1 100 "):
                there.sendall(b"x")

        sender = threading.Thread(target=send)
        sender.start()
        self.assertEqual(request.read_content(10, time.monotonic() + 5), b"x")
        sender.join()

    def test_ends_with_the_other_side(self):
        self.assertRaises(Closed, self.read, b"POST /x HT")


class Quiet(Connection):
    """Pairs of local sockets know no TCP_NODELAY."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._buffer = b""
