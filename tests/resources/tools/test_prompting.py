"""The question in a terminal: a script at a real one, and one whose input is a pipe."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import httpx
import pytest

SCRIPT = """
import os, signal
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
from dari_nb.local import ToolCall
d = dari.connect("local")

@d.server.agent("caller")
def caller(prompt):
    for n in range(2):
        result = yield ToolCall("erase", {"name": f"file {n}", "note": "\\x1b[2J"}, external=True)
        yield f"{n}: {result.result}"

def erase(name: str, note: str) -> str:
    return f"erased {name}"

turn = d.agents.get("caller").send("x", tools=[erase])
print("AT", d.server.url, d.server.api_key, turn.session.id, turn.id, "|")
try:
    turn.HOW
    print("END", [d.by for d in turn.session.decisions])
except KeyboardInterrupt:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("STOPPED", [call.status for call in turn.session.pending_calls()])
"""


class Terminal:
    """A script at a pseudo-terminal."""

    def __init__(self, how, tmp_path):
        self.fd, other = pty.openpty()
        env = {
            k: v for k, v in os.environ.items() if not k.startswith("DARI_") or k == "DARI_NB_CACHE"
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT.replace("turn.HOW", f"turn.{how}")],
            stdin=other,
            stdout=other,
            stderr=other,
            env={**env, "NO_COLOR": "1", "XDG_STATE_HOME": str(tmp_path)},
            start_new_session=True,
        )
        os.close(other)
        self.seen = ""

    def until(self, text, meanwhile=lambda: None):
        deadline = time.monotonic() + 180
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if not select.select([self.fd], [], [], 0.5)[0]:
                meanwhile()
                continue
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                raise AssertionError(self.seen) from None
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def open_with(how):
        opened.append(Terminal(how, tmp_path))
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


@pytest.mark.parametrize("how", ["wait()"])
def test_each_call_is_asked_about_with_its_arguments(terminal, how):
    tty = terminal(how)
    question = tty.until("[a]lways in this session: ")
    assert "erase wants to run with" in question
    assert '"file 0"' in question
    assert "\x1b[2J" not in question
    tty.type("perhaps\ny\n")
    assert "[y]es, [n]o, or [a]lways: " in tty.until("erase wants to run with")
    tty.until("[a]lways in this session: ")
    tty.type("n, keep it\n")
    tty.until("END ['by the user', 'by the user: keep it']")


def test_always_asks_once(terminal):
    tty = terminal("wait()")
    tty.until("[a]lways in this session: ")
    tty.type("a\n")
    tty.until("END")
    assert tty.until("]").count("by the user, for all calls of it in this session") == 2


def test_an_interrupt_during_a_question_refuses_nothing(terminal):
    tty = terminal("follow()")
    tty.until("[a]lways in this session: ")
    # One that comes between the prompt and the reading of it is only seen with the next one.
    tty.until("STOPPED ['requested']", lambda: tty.process.send_signal(signal.SIGINT))


@pytest.mark.parametrize("how", ["text"])
def test_a_turn_that_somebody_else_cancels_is_asked_about_no_more(terminal, how):
    tty = terminal(how)
    tty.until("AT ")
    url, key, session_id, message_id = tty.until(" |").split()
    tty.until("[a]lways in this session: ")
    cancel = {"type": "message.cancel_requested", "message_id": message_id}
    answer = httpx.post(
        f"{url}/v1/sessions/{session_id}/events",
        json=cancel,
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 202
    assert "Nothing waits for an answer any more." in tty.until("END []")
    assert tty.process.wait(60) == 0


def test_without_a_terminal_a_call_is_refused_with_what_to_do(tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith("DARI_") or k == "DARI_NB_CACHE"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("turn.HOW", "turn.follow()")],
        input="y\ny\n",
        env={**env, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    assert done.stdout.count("erase was not run: refused because nobody can be asked here") >= 2
    assert 'approve="always"' in done.stdout
