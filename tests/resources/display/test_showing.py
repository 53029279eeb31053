import _thread
import contextlib
import gc
import threading
import time

import pytest

from dari_nb.errors import TimedOutError


@contextlib.contextmanager
def interrupted_when(condition):
    """Interrupt the main thread once the condition holds, and again when a first one got lost."""
    done = threading.Event()

    def watch():
        while not condition():
            done.wait(0.02)
        while not done.wait(0.5):
            _thread.interrupt_main()

    thread = threading.Thread(target=watch, daemon=True)
    # What other tests have left may be closed at any moment: Python drops an interrupt that falls
    # into that, and complains of it.
    gc.collect()
    gc.disable()
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt) as said:
            yield said
    finally:
        done.set()
        thread.join()
        gc.enable()


def test_following_prints_the_turn_in_order_and_without_escape_codes(d, capsys):
    turn = d.agents.get("calculator").send("What is 6 * 7?").follow()
    out = capsys.readouterr().out
    assert turn.status == "completed"
    # Times of day hold any number, those of the question too.
    told = out[out.index("evaluate") :]
    assert out.index("You") < out.index("6 * 7") < out.index("evaluate")
    assert "42" in told
    assert "\x1b" not in out


def test_an_interrupt_keeps_what_came_and_the_turn_goes_on(d, gate, capsys):
    turn = d.agents.get("gated").send("Hi")
    with interrupted_when(lambda: "first" in [getattr(i, "text", "") for i in turn.items]):
        turn.follow()
    assert "first" in capsys.readouterr().out
    assert turn.status == "running"
    gate.open()
    assert turn.follow().text == "first\n\nsecond"
    assert "second" in capsys.readouterr().out


def test_a_timeout_keeps_what_came(d, gate, capsys):
    turn = d.agents.get("gated").send("Hi")
    while not any(getattr(item, "text", "") == "first" for item in turn.items):
        time.sleep(0.01)
    with pytest.raises(TimedOutError):
        turn.follow(timeout=0.5)
    assert "first" in capsys.readouterr().out


def test_without_waiting_a_terminal_gets_one_line(d, gate, capsys):
    turn = d.agents.get("gated").send("Hi").follow(wait=False)
    assert capsys.readouterr().out.startswith(f"<Turn {turn.id} ")


def test_a_session_follows_its_last_turn(d, capsys):
    session = d.sessions.create("echo")
    session.send("Hi")
    assert session.follow().status == "completed"
    session.transcript().show()
    assert capsys.readouterr().out.count("You wrote") == 2
