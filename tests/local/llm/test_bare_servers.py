"""LLM servers that say less about their streams than the standard asks for."""

import socket
import threading
from contextlib import contextmanager

import pytest

BODY = (
    b'data: {"choices": [{"index": 0, "delta": {"content": "Hello."}}]}\n\n'
    b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)


@contextmanager
def bare_server(head: bytes, body: bytes):
    """A server that gives one answer, whatever it is asked."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            asked = b""
            while b"Say hello" not in asked:
                asked += connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"Connection: close\r\n\r\n" + body)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        thread.join(60)


@pytest.mark.parametrize(
    ("head", "mark"),
    [(b"", b"\xef\xbb\xbf"), (b"Content-Type: TEXT/EVENT-STREAM; charset=latin-1\r\n", b"")],
    ids=["none", "capitals"],
)
def test_a_stream_is_read_whatever_its_header_says_it_is(serve, publish, head, mark):
    with bare_server(head, mark + BODY.replace(b"Hello", "Hällo".encode())) as url:
        api = serve(llms={"it": {"model": "m", "base_url": url}})
        publish(api, "plain", "{model: it}")
        message = api.ask("plain", "Say hello.")
    assert message["output"]["parts"][0]["text"] == "Hällo."


def test_a_page_in_place_of_a_model_is_said_to_be_one(serve, publish):
    page = b"<!doctype html><title>Welcome</title>"
    with bare_server(b"Content-Type: text/html; charset=utf-8\r\n", page) as url:
        api = serve(llms={"it": {"model": "m", "base_url": url}})
        publish(api, "plain", "{model: it}")
        message = api.ask("plain", "Say hello.")
    assert message["status"] == "failed"
    assert "base_url" in message["output"]["error"]
