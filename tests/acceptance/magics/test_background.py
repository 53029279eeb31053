"""Long turns: in the background, timed out, interrupted, cancelled."""

import pytest

GATED = ["%%dari_agent gated {}\nHi", "%dari_agent gated {} Hi"]


@pytest.mark.parametrize("cell", GATED)
def test_background_cell_returns_and_completes(kernel, gate, cell):
    result = kernel.run(cell.format("--bg -o turn"))
    assert kernel.value("turn.status") in ("queued", "running")
    gate.opened.set()
    kernel.until(lambda: result.bundles("the second part"))
    assert kernel.value("turn.wait().status") == "completed"
    assert len(result.bundles("the first part")) == 1


@pytest.mark.parametrize("cell", [*GATED, "%%dari_batch gated {}\nHi"])
def test_timeout_ends_cell_but_not_turn(kernel, gate, d, cell):
    result = kernel.attempt(cell.format("--timeout 0.2 -o late"))
    assert "UsageError" in result.error.classes
    assert result.error.code == "timed_out"
    assert "Traceback" not in result.shown
    gate.opened.set()
    assert d.sessions.list(agent="gated")[0].turn().wait().status == "completed"
    later = kernel.run("late")
    kernel.until(lambda: later.bundles("the second part"))


@pytest.mark.parametrize("cell", ["%%dari_agent gated -o turn\nHi", "turn = %dari_follow"])
def test_interrupt_ends_waiting_but_not_turn(kernel, gate, cell):
    if "follow" in cell:
        kernel.run("turn = %dari_agent gated --bg Hi")
    result = kernel.submit(cell)
    kernel.until(lambda: result.outputs)
    assert gate.reached.wait(60)
    kernel.interrupt()
    kernel.until(lambda: result.is_done)
    assert "KeyboardInterrupt" in result.error.classes
    assert result.static("Hi")
    followed = kernel.submit("turn = %dari_follow")
    kernel.until(lambda: followed.outputs)
    gate.opened.set()
    kernel.until(lambda: followed.is_done)
    assert followed.error is None
    assert followed.bundles("the second part")
    assert kernel.value("turn.status") == "completed"


@pytest.mark.parametrize("waiting", ["turn.wait()", "turn.text", "await turn", "batch.wait()"])
def test_interrupt_ends_waiting_in_python(kernel, gate, waiting):
    if "batch" in waiting:
        kernel.run("%%dari_batch gated --bg -o batch\nWait")
        kernel.run("turn = batch.cells[0].turn")
    else:
        kernel.run("turn = %dari_agent gated --bg Hi")
    assert gate.reached.wait(60)
    result = kernel.submit(f"print('now')\n{waiting}")
    kernel.until(lambda: "now" in result.text)
    kernel.interrupt()
    kernel.until(lambda: result.is_done)
    assert {"KeyboardInterrupt", "CancelledError"} & set(result.error.classes)
    gate.opened.set()
    assert kernel.value("turn.wait().status") == "completed"


def test_interrupt_of_code_leaves_turn(kernel, gate):
    shown = kernel.run("turn = %dari_agent gated --bg Hi")
    result = kernel.submit("import time\nprint('now')\nwhile True: time.sleep(0.01)")
    kernel.until(lambda: "now" in result.text)
    kernel.interrupt()
    kernel.until(lambda: result.is_done)
    assert result.error.classes[0] == "KeyboardInterrupt"
    gate.opened.set()
    kernel.until(lambda: shown.bundles("the second part"))


def test_cancel_ends_turn_but_not_session(kernel, gate):
    kernel.run("turn = %dari_agent gated --bg Hi")
    assert gate.reached.wait(60)
    kernel.run("%dari_cancel")
    assert kernel.value("turn.wait().status") == "cancelled"
    assert kernel.value("turn.text") == "the first part"
    gate.opened.set()
    kernel.run("after = %dari_send --quiet And then?")
    assert kernel.value("after.session.id == turn.session.id")
    assert kernel.value("after.status") == "completed"


def test_cancel_ends_named_session_or_batch(kernel, gate):
    kernel.run("turn = %dari_agent gated --bg Hi")
    kernel.run("%%dari_batch gated --bg --repeats 2 -o batch\nCancel")
    kernel.run("%dari_cancel")
    assert kernel.value("batch.wait().counts") == {"cancelled": 2}
    assert kernel.value("turn.status") in ("queued", "running")
    kernel.run("_ = %dari_cancel {turn.session.id}")
    assert kernel.value("turn.wait().status") == "cancelled"
