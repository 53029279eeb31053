"""A proxy in front of a local Dari that does to each request what a fault says.

A fault is a function of an :class:`Exchange`. Faults are used up in order, one for each request;
later requests pass through.
"""

import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit


class Exchange:
    """One request on a connection of its own.

    Attributes:
        request: The request's head and body, as the client sent them.
        over: Set when the proxy closes.
    """

    def __init__(self, client: socket.socket, target: tuple[str, int], over: threading.Event):
        self.over = over
        self._client = client
        self._target = target
        self.request = self._read()

    @property
    def line(self) -> str:
        return self.request.partition(b"\r\n")[0].decode()

    def header(self, name: str) -> str | None:
        found = re.search(rf"\r\n{name}: (.*?)\r\n".encode(), self.request, re.IGNORECASE)
        return found and found[1].decode()

    def send(self, data: bytes) -> None:
        with suppress(OSError):  # the client may be gone
            self._client.sendall(data)

    def forward(self) -> Iterator[bytes]:
        """Send the request to the server, and give its answer in pieces."""
        with socket.create_connection(self._target) as there:
            head, _, body = self.request.partition(b"\r\n")
            there.sendall(head + b"\r\nConnection: close\r\n" + _without_connection(body))
            there.settimeout(0.02)
            while not self.over.is_set():
                try:
                    piece = there.recv(1 << 16)
                except TimeoutError:
                    if self._client_is_gone():
                        return
                    continue
                if not piece:
                    return
                yield piece

    def _client_is_gone(self) -> bool:
        self._client.setblocking(False)
        try:
            return self._client.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            with suppress(OSError):
                self._client.setblocking(True)

    def _read(self) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self._client.recv(1 << 16)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        while len(body) < int(length[1] if length else 0):
            body += self._client.recv(1 << 16)
        return head + b"\r\n\r\n" + body


def _without_connection(rest: bytes) -> bytes:
    return re.sub(rb"(?i)connection: [^\r]*\r\n", b"", rest, count=1)


Fault = Callable[[Exchange], None]


def passes(exchange: Exchange) -> None:
    for piece in exchange.forward():
        exchange.send(piece)


def cut_before(exchange: Exchange) -> None:
    """Close the connection; the server never gets the request."""


def cut_after(exchange: Exchange) -> None:
    """Close the connection when the server has done what it was asked."""
    _answer(exchange)


def cut_in_headers(exchange: Exchange) -> None:
    exchange.send(_answer(exchange)[:40])


def cut_in_body(exchange: Exchange) -> None:
    exchange.send(_answer(exchange)[:-5])


def silent(exchange: Exchange) -> None:
    """Send no answer, until the proxy closes."""
    _answer(exchange)
    exchange.over.wait()


def says(status: int, body: Any = b"", **headers: str) -> Fault:
    """Make a fault that answers by itself; bodies that aren't bytes are sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Length": str(len(content)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())

    def fault(exchange: Exchange) -> None:
        exchange.send(f"HTTP/1.1 {status} Any\r\n{head}\r\n".encode() + content)

    fault.__name__ = str(status)
    return fault


def cut_stream(events: int) -> Fault:
    """Make a fault that closes a stream in the middle of the event after so many."""

    def fault(exchange: Exchange) -> None:
        whole, sent = b"", 0
        for piece in exchange.forward():
            whole += piece
            starts = [found.start() for found in re.finditer(rb"id: sess_", whole)]
            end = starts[events] + 20 if len(starts) > events else len(whole)
            exchange.send(whole[sent:end])
            sent = end
            if len(starts) > events:
                return

    return fault


def _answer(exchange: Exchange) -> bytes:
    return b"".join(exchange.forward())


class Proxy(socketserver.ThreadingTCPServer):
    """The proxy; a context manager.

    Attributes:
        faults: What is still to be done to requests.
        seen: All requests since the last :meth:`expect`.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        address = urlsplit(target)
        self.target = (address.hostname, address.port)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.over = threading.Event()
        self.expect()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def expect(self, *faults: Fault, on: str = "") -> None:
        """Forget earlier requests, and do this to the next ones with such a path."""
        self.faults, self.seen, self._path = list(faults), [], on

    def next_fault(self, exchange: Exchange) -> Fault:
        self.seen.append(exchange)
        return self.faults.pop(0) if self.faults and self._path in exchange.line else passes


class _Handler(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        exchange = Exchange(self.request, self.server.target, self.server.over)
        if exchange.request:
            self.server.next_fault(exchange)(exchange)
