import socket
import subprocess
import sys
import threading
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari


def test_a_server_starts_and_stops_many_times():
    server = LocalDari()
    for _ in range(3):
        assert httpx.get(f"{server.start().url}/v1/agents").status_code == 401
        server.stop()


def test_streams_end_when_the_server_stops(call):
    ended = threading.Event()
    listening = threading.Event()
    with LocalDari() as server, call(server) as api:
        session_id = api.create("echo")

        def follow():
            with api.http.stream("GET", f"/sessions/{session_id}/stream") as answer:
                for _ in answer.iter_lines():
                    listening.set()
            ended.set()

        thread = threading.Thread(target=follow)
        thread.start()
        assert listening.wait(60)
        server.stop()
        thread.join(60)
    assert ended.is_set()


def test_who_reads_nothing_is_let_go_when_the_server_stops(call):
    with LocalDari() as server, call(server) as api:
        server.agent("long")(lambda prompt: "x" * 20_000_000)
        session_id = api.ask("long", "Hi")["session_id"]
        where = urlsplit(server.url)
        idle = socket.socket()
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.connect((where.hostname, where.port))
        idle.sendall(
            f"GET /v1/sessions/{session_id}/events HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {server.api_key}\r\n\r\n".encode()
        )
        assert idle.recv(9) == b"HTTP/1.1 "
        server.stop()
    idle.settimeout(60)
    with idle, suppress(ConnectionResetError):
        while idle.recv(1 << 20):
            pass


def test_a_server_in_memory_can_be_started_again_with_its_ledger(call):
    server = LocalDari()
    with server, call(server) as api:
        session_id = api.ask("echo", "Hi", llm_id="small")["session_id"]
        api.rests(session_id)
        before = api.events(session_id)
    with server, call(server) as api:
        assert api.events(session_id) == before


def test_the_key_is_random_and_never_in_the_repr():
    with LocalDari() as one, LocalDari(api_key="dari_mine") as two:
        assert one.api_key.startswith("dari_local_")
        assert two.api_key == "dari_mine"
        assert one.url in repr(one)
        assert one.api_key not in repr(one)
    assert "stopped" in repr(one)


def test_a_stopped_server_says_so():
    server = LocalDari()
    with pytest.raises(InvalidRequestError, match="not running"):
        _ = server.url
    with pytest.raises(InvalidRequestError, match="not running"):
        server.replay("sess_1")
    server.stop()


def test_a_taken_port_and_a_wrong_host_are_told_in_the_caller(server):
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(InvalidRequestError, match=f"Cannot listen on 127.0.0.1:{port}"):
        LocalDari(port=port).start()
    with pytest.raises(InvalidRequestError, match="Cannot listen"):
        LocalDari(port=70_000).start()


def test_a_step_delay_that_no_agent_could_keep_is_refused():
    for step_delay in (float("nan"), float("inf"), -0.1):
        with pytest.raises(InvalidRequestError, match="step_delay"):
            LocalDari(step_delay=step_delay)


@pytest.mark.parametrize("key", ["", "dari_x\n"])
def test_a_key_that_no_client_could_bring_is_refused(key):
    with pytest.raises(InvalidRequestError, match="api_key must"):
        LocalDari(api_key=key)
    with LocalDari() as server, pytest.raises(InvalidRequestError, match="api_key must"):
        server.organization("second row", api_key=key)


def test_a_running_server_does_not_keep_the_interpreter_alive():
    program = (
        "import time\n"
        "from dari_nb.local import LocalDari\n"
        "import httpx\n"
        "server = LocalDari().start()\n"
        "server.agent('asleep')(lambda prompt: time.sleep(1000))\n"
        "http = httpx.Client(base_url=server.url + '/v1',"
        " headers={'Authorization': 'Bearer ' + server.api_key})\n"
        "agent = http.get('/agents').json()['agents'][-1]['id']\n"
        "http.post(f'/agents/{agent}/messages', json={'type': 'user.message',"
        " 'content': [{'type': 'text', 'text': 'x'}]})\n"
        "http.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, timeout=180, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_fault_of_the_server_is_json_too_and_tells_nothing(call):
    with LocalDari() as server, call(server) as api:
        server._store.close()
        answer = api.http.get("/agents")
        assert (answer.status_code, answer.json()) == (500, {"detail": "Internal server error"})


def test_a_body_over_the_limit_is_413_and_read_to_its_end(api):
    answer = api.http.post("/session-batches", content=b" " * (33 * 1024 * 1024))
    assert (answer.status_code, list(answer.json())) == (413, ["detail"])


def test_the_word_bearer_is_taken_in_any_case(server, api):
    for word in ("bearer", "BEARER"):
        headers = {"Authorization": f"{word} {server.api_key}"}
        assert api.http.get("/agents", headers=headers).status_code == 200
    headers = {"Authorization": f"Basic {server.api_key}"}
    assert api.http.get("/agents", headers=headers).status_code == 401
