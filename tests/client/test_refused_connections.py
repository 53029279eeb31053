"""Connections that cannot be: without trust, or after the client was closed."""

import asyncio
import contextlib
import hashlib
import hmac
import socket
import ssl
import threading

import pytest
import trustme

from dari_nb.client import AsyncClient, Client, Retry, verify_webhook
from dari_nb.errors import (
    ConnectionFailedError,
    InsecureServerError,
    InvalidRequestError,
    WebhookVerificationError,
)

from .conftest import KEY

SECRET = "whsec_1"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"id": "ag"}'
AUTHORITY = trustme.CA()


@contextlib.contextmanager
def listening(name: str | None):
    """A server whose certificate is for a name, or one without TLS; gives port and connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if name is not None:
        AUTHORITY.issue_cert(name).configure_cert(context)
    came: list[int] = []

    def serve() -> None:
        while True:
            try:
                raw, _ = server.accept()
            except OSError:
                return
            came.append(1)
            with contextlib.suppress(OSError), contextlib.closing(raw):
                there = raw if name is None else context.wrap_socket(raw, server_side=True)
                there.recv(65536)
                there.sendall(ANSWER)
                there.close()

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.mark.parametrize(
    ("name", "verify", "verb"),
    [
        ("127.0.0.1", None, "sessions.send"),
        ("elsewhere.example", trusting, "agents.get"),
        (None, trusting, "stream"),
    ],
)
def test_a_server_that_is_not_trusted_is_asked_once(side, name, verify, verb):
    tls = ssl.create_default_context() if verify is None else verify()
    with listening(name) as (port, came):
        with pytest.raises(InsecureServerError) as raised:
            _ask(side.name, f"https://127.0.0.1:{port}", tls, verb)
        assert KEY not in str(raised.value)
        assert isinstance(raised.value, ConnectionFailedError)
    assert len(came) == 1


def test_a_server_with_an_authority_of_its_own_is_asked_as_the_error_says(side):
    with listening("127.0.0.1") as (port, _):
        found = side.ask(
            f"https://127.0.0.1:{port}", "agents.get", "agt_1", options={"verify": trusting()}
        )
    assert found.id == "ag"


def _ask(side: str, url: str, tls: ssl.SSLContext, verb: str) -> None:
    noun, _, name = verb.partition(".")
    args = {"agents.get": ("agt_1",), "sessions.send": ("sess_1", "Hi")}.get(verb, ())
    retry = Retry(initial_backoff=0.001)

    async def main() -> None:
        async with AsyncClient(url, KEY, verify=tls, retry=retry) as client:
            if verb == "stream":
                await anext(client.sessions.stream("sess_1"))
            else:
                await getattr(getattr(client, noun), name)(*args)

    if side == "async":
        asyncio.run(main())
        return
    with Client(url, KEY, verify=tls, retry=retry) as client:
        if verb == "stream":
            next(client.sessions.stream("sess_1"))
        else:
            getattr(getattr(client, noun), name)(*args)


def test_a_closed_client_says_so_for_every_kind_of_request(dari, tmp_path):
    with Client(dari.url, KEY) as client:
        pass
    calls = [
        lambda: client.agents.get("agt_1"),
        lambda: client.agents.list(),
        lambda: client.sessions.send("sess_1", "Hi"),
        lambda: client.files.upload(b"x"),
        lambda: client.sessions.workspace("sess_1", dest=tmp_path / "w.zip"),
        lambda: next(client.sessions.stream("sess_1")),
    ]
    for call in calls:
        with pytest.raises(InvalidRequestError):
            call()
    assert dari.seen == []


def test_a_closed_async_client_says_so_too(dari):
    async def main() -> None:
        async with AsyncClient(dari.url, KEY) as client:
            pass
        with pytest.raises(InvalidRequestError):
            await client.agents.get("agt_1")
        with pytest.raises(InvalidRequestError):
            await anext(client.sessions.stream("sess_1"))

    asyncio.run(main())


HALF = "\ud83d"
SIGNED = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("body", "header", "secret", "time"),
    [
        (HALF, f"v1={SIGNED}", SECRET, None),
        (HALF, f"t={HALF},v1={HALF}", HALF, HALF),
    ],
)
def test_half_a_character_in_a_delivery_is_no_other_error(body, header, secret, time):
    headers = {"Dari-Webhook-Signature": header}
    headers |= {} if time is None else {"Dari-Webhook-Timestamp": time}
    with pytest.raises(WebhookVerificationError):
        verify_webhook(body, headers, secret)
