"""Who reads much, and who asks and goes, keeps nobody else from reading."""

import asyncio
import socket
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from dari_nb.local import LocalDari

MANY = 24


@pytest.fixture(scope="module")
def server():
    with LocalDari() as server:

        @server.agent("talks")
        def talks(prompt):
            for number in range(1500):
                yield f"part {number}"

        yield server


@pytest.fixture
def reads(server):
    """``reads(key)``: a client, and the path of a long message of its organization."""
    with ExitStack() as stack:

        def made(key):
            client = stack.enter_context(
                httpx.Client(
                    base_url=f"{server.url}/v1",
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=180,
                )
            )
            agents = client.get("/agents").json()["agents"]
            agent_id = next(agent["id"] for agent in agents if agent["name"] == "talks")
            body = {"type": "user.message", "content": [{"type": "text", "text": "Hi"}]}
            sent = client.post(f"/agents/{agent_id}/messages", json=body).json()
            path = f"/messages/{sent['message']['id']}"
            while client.get(path).json()["status"] != "completed":
                pass
            return client, path

        yield made


def test_an_organization_that_reads_much_does_not_keep_others_waiting(server, reads):
    many, path = reads(server.api_key)
    other, own_path = reads(server.organization("other").api_key)
    answered, begun = [], threading.Barrier(MANY + 1)

    def read():
        with httpx.Client(base_url=many.base_url, headers=many.headers, timeout=180) as client:
            begun.wait(60)
            answered.append(client.get(path).status_code)

    threads = [threading.Thread(target=read) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    begun.wait(60)
    while not answered:
        time.sleep(0.001)
    assert other.get(own_path).status_code == 200
    assert len(answered) < MANY / 2
    for thread in threads:
        thread.join()
    assert answered == [200] * MANY


def test_what_is_asked_for_and_awaited_no_more_is_not_read(server, reads, monkeypatch):
    client, path = reads(server.api_key)
    where = urlsplit(server.url)
    asked = f"GET /v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.api_key}\r\n\r\n"
    begun, in_thread = [], asyncio.to_thread

    async def counted(work, *arguments, **named):
        begun.append(work)
        return await in_thread(work, *arguments, **named)

    monkeypatch.setattr(asyncio, "to_thread", counted)
    assert client.get(path).status_code == 200
    assert len(begun) == 1
    for _ in range(4 * MANY):
        with socket.create_connection((where.hostname, where.port)) as gone:
            gone.sendall(asked.encode())
    assert client.get(path).status_code == 200
    assert len(begun) < MANY
