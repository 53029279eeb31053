"""Deliveries over HTTPS, and deliveries that a stop or a kill comes between."""

import signal
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import httpx
import pytest
import trustme

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, ToolCall
from dari_nb.local.service.recovery import UNANSWERED, UNFINISHED

SERVE = """
import sys, time
from dari_nb.local import LocalDari
server = LocalDari(sys.argv[1], webhook_backoff=(60, 60, 60)).start()
print(server.url, server.api_key, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure(authority, receiving):
    """Makes webhooks that prove to be the named host."""

    def make(host):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(tls)
        return receiving(tls)

    return make


def set_webhook(api, agent, url, *types):
    body = {"webhook_url": url, "event_types": types}
    assert api.http.put(f"/agents/{api.agent_id(agent)}/webhook", json=body).is_success


def ended(api, url):
    """Send a message whose end is pushed; returns the last event once the push is settled."""
    set_webhook(api, "echo", url, "session.completed")
    return api.ask("echo", "x")["session_id"]


def noted(api, wait, session_id):
    is_noted = lambda events: events[-1]["type"] == "webhook.delivery_failed"  # noqa: E731
    return wait(lambda: api.events(session_id), is_noted)[-1]["data"]


def test_a_push_goes_over_https_to_who_proves_to_be_the_host(
    authority, secure, call, wait, tmp_path
):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    receiver = secure("127.0.0.1")
    with LocalDari(webhook_verify=tmp_path / "ca.pem") as server, call(server) as api:
        session_id = ended(api, receiver.url)
        [told] = wait(receiver.received, bool)
        assert told["data"]["session_id"] == session_id


@pytest.mark.parametrize(("host", "is_trusted"), [("127.0.0.1", False), ("elsewhere.test", True)])
def test_a_push_is_not_sent_to_who_does_not_prove_to_be_the_host(
    authority, secure, call, wait, tmp_path, host, is_trusted
):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    receiver = secure(host)
    verify = tmp_path / "ca.pem" if is_trusted else None
    with LocalDari(webhook_verify=verify, webhook_backoff=()) as server, call(server) as api:
        failed = noted(api, wait, ended(api, receiver.url))
    assert "certificate verify failed" in failed["error"]
    assert (failed["status_code"], receiver.received()) == (None, [])


def test_a_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(InvalidRequestError):
            LocalDari(webhook_verify=tmp_path / name)


def test_a_push_that_a_kill_interrupts_is_made_after_the_restart_and_its_tries_count(
    call, receiver, wait, tmp_path
):
    path = tmp_path / "course.db"
    receiver.statuses = [503]
    command = [sys.executable, "-c", SERVE, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url, key = process.stdout.readline().split()
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"{url}/v1", headers=headers) as http:
            agent_id = http.get("/agents").json()["agents"][0]["id"]
            hook = {"webhook_url": receiver.url, "event_types": ["session.completed"]}
            assert http.put(f"/agents/{agent_id}/webhook", json=hook).is_success
            body = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}
            sent = http.post(f"/agents/{agent_id}/messages", json=body).json()
            wait(receiver.received, bool)
        process.send_signal(signal.SIGKILL)
    with LocalDari(path, webhook_backoff=(0.01,) * 3) as server, call(server) as api:
        failed = noted(api, wait, sent["session"]["id"])
    bodies = [body for _, body in receiver.seen]
    assert bodies == bodies[:1] * failed["attempt"]
    assert failed["attempt"] == 4
    assert failed["webhook_id"] == receiver.received()[0]["id"]


def test_a_push_that_a_stop_interrupts_is_made_at_the_next_start(call, receiver, wait):
    receiver.statuses = [503, 204]
    server = LocalDari(webhook_backoff=(0.05,))
    with server, call(server) as api:
        ended(api, receiver.url)
        wait(receiver.received, bool)
    with server:
        told = wait(receiver.received, lambda seen: len(seen) == 2)
    assert told[0] == told[1]


def test_turns_that_a_restart_ends_are_pushed_as_failed_with_their_batch(
    call, receiver, wait, tmp_path
):
    path = tmp_path / "course.db"
    with LocalDari(path) as server, call(server) as api:

        @server.agent("asks")
        def asks(prompt):
            yield ToolCall("look_up", external=True)

        agent_id = api.agent_id("asks")
        set_webhook(api, "asks", receiver.url, "session.failed", "batch.failed")
        message = {"content": [{"type": "text", "text": "x"}]}
        batch = api.post(
            "/session-batches", {"items": [{"agent_id": agent_id, "message": message}]}
        )
        session_id = batch["sessions"][0]["session_id"]
        [waiting] = api.messages(session_id)
        api.reaches(waiting["id"], "waiting_for_tool")
        queued = api.send(session_id, "y")["message"]["id"]
    assert receiver.received() == []
    with LocalDari(path) as server, call(server) as api:
        told = wait(receiver.received, lambda seen: len(seen) == 3)
        reasons = [m["output"]["error"] for m in api.messages(session_id)]
        [item] = [i for i in api.items(session_id) if i["type"] == "tool_call"]
        late = {"type": "tool.result_submitted", "message_id": waiting["id"], "result": 1}
        late["tool_call_id"] = item["tool_call_id"]
        assert api.refused(f"/sessions/{session_id}/events", late)[0] == 409
    about = sorted((t["type"], t["data"]["message_id"]) for t in told)
    expected = [("batch.failed", waiting["id"]), ("session.failed", waiting["id"])]
    assert about == sorted([*expected, ("session.failed", queued)])
    assert reasons == [UNANSWERED.format(name="look_up"), UNFINISHED]
    assert item["status"] == "failed"


class Member:
    """Who has the key of another organization."""

    def __init__(self, server):
        self.url = server.url
        self.api_key = server.organization("second row").api_key


HERE = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::1]"]
HERE += ["[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[::]", "169.254.169.254", "[fd00:ec2::254]"]
HERE += ["10.1.2.3", "192.168.0.1", "100.64.0.1", "[fe80::1]", "[::7f00:1]", "224.0.0.1"]


def test_a_webhook_of_another_organization_is_not_on_this_machine_or_beside_it(server, call):
    with call(Member(server)) as api:
        path = f"/agents/{api.agent_id('echo')}/webhook"
        for host in HERE:
            for scheme in ("https", "HTTPS", "http"):
                answer = api.http.put(path, json={"webhook_url": f"{scheme}://{host}:9/hook"})
                assert answer.status_code == 400, host


def resolving(monkeypatch, *answers):
    """Let the name hook.test mean one address after another; gives how often it was looked up."""
    found, looked = socket.getaddrinfo, []

    def finding(host, *args, **options):
        if host in ("hook.test", b"hook.test"):
            looked.append(host)
            host = answers[min(len(looked), len(answers)) - 1]
        return found(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", finding)
    return looked


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254"])
def test_a_name_that_means_this_machine_gets_no_push(
    authority, secure, call, wait, tmp_path, monkeypatch, is_first, address
):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    receiver = secure("hook.test")
    looked = resolving(monkeypatch, address)
    url = receiver.url.replace("127.0.0.1", "hook.test")
    with (
        LocalDari(webhook_verify=tmp_path / "ca.pem", webhook_backoff=()) as server,
        call(server if is_first else Member(server)) as api,
    ):
        failed = noted(api, wait, ended(api, url))
    assert "not public" in failed["error"]
    assert receiver.received() == []
    assert len(looked) == 1


def test_a_push_follows_no_redirect(receiver, receiving, call, wait):
    class Redirect(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(307)
            self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as elsewhere:
        Thread(target=elsewhere.serve_forever, daemon=True).start()
        with LocalDari(webhook_backoff=()) as server, call(server) as api:
            url = f"http://localhost:{elsewhere.server_port}/"
            failed = noted(api, wait, ended(api, url))
        elsewhere.shutdown()
    assert (failed["status_code"], failed["error"]) == (307, "answered 307")
    assert receiver.received() == []


def test_a_receiver_that_hangs_gets_a_few_pushes_at_once_and_holds_up_no_other(
    receiving, call, wait
):
    slow, quick, go_on = receiving(), receiving(), Event()
    slow.meanwhile = go_on.wait
    with LocalDari() as server, call(server) as api:
        server.agent("slow")(str.upper)
        set_webhook(api, "slow", slow.url, "session.completed")
        set_webhook(api, "echo", quick.url, "session.completed")
        try:
            for number in range(15):
                api.ask("slow", str(number))
            wait(slow.received, lambda told: len(told) == 8)
            api.ask("echo", "x")
            wait(quick.received, bool)
            assert len(slow.received()) == 8
        finally:
            go_on.set()
        wait(slow.received, lambda told: len({each["id"] for each in told}) == 15)


def test_an_answer_without_end_is_not_read(call, wait):
    class Endless(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(204 if self.path == "/short" else 200)
            self.end_headers()
            with suppress(OSError):
                while self.path == "/endless":
                    self.wfile.write(b"x" * 65536)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as endless:
        Thread(target=endless.serve_forever, daemon=True).start()
        with LocalDari(webhook_backoff=()) as server, call(server) as api:
            session = ended(api, f"http://127.0.0.1:{endless.server_port}/endless")
            other = ended(api, f"http://127.0.0.1:{endless.server_port}/short")
            api.rests(session)
            api.rests(other)
            kinds = {event["type"] for event in [*api.events(session), *api.events(other)]}
        endless.shutdown()
    assert "webhook.delivery_failed" not in kinds
