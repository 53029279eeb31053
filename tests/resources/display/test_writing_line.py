"""An answer is seen in a terminal while it is written, on a line that leaves no trace."""

import os
import pty
import subprocess
import sys
import threading

SCRIPT = r"""
import sys, threading, time
import dari_nb
from dari_nb.local import Draft

class Seen:
    def __init__(self, out):
        self.out, self.text = out, ""
    def write(self, text):
        self.text += text
        return self.out.write(text)
    def __getattr__(self, name):
        return getattr(self.out, name)

sys.stdout = seen = Seen(sys.stdout)
d = dari_nb.connect("local")

def until(word):
    while word not in seen.text:
        time.sleep(0.01)

@d.server.agent("writes")
def writes(prompt):
    yield Draft("A closure \x1b[2J keeps ")
    until("keeps")
    yield Draft("word " * 60)
    until("word")
    yield "A closure keeps what it needs."

d.agents.get("writes").send("What?").follow()
print("END")
"""


def run(**environment):
    leader, follower = pty.openpty()
    got = []

    def read():
        try:
            while data := os.read(leader, 65_536):
                got.append(data)
        except OSError:
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            stdout=follower,
            env=os.environ | {"COLUMNS": "60", "DARI_LOCAL_STEP_DELAY": "0"} | environment,
            check=True,
            timeout=120,
        )
    finally:
        os.close(follower)
        reader.join()
        os.close(leader)
    return b"".join(got).decode()


def test_the_words_come_on_a_line_that_goes_before_the_answer():
    shown = run(TERM="xterm-256color")
    lines = [part.partition("\n")[0].rstrip("\r") for part in shown.split("\r\x1b[K")[1:]]
    assert lines[0].startswith("A closure")
    assert "\x1b[2J" not in shown
    assert any(line.startswith("… ") and line.endswith("word") for line in lines)
    assert max(map(len, lines)) <= 60
    assert lines[-1] == ""
    assert "A closure keeps what it needs." in shown
    assert shown.rstrip().endswith("END")
