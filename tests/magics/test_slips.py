"""Usual slips in Python are told in a few lines: what was called, and what to mend."""

import io
import re
from contextlib import redirect_stderr, redirect_stdout

import pytest
from IPython.core.interactiveshell import InteractiveShell

# Cells, with the error that each ends in.
SLIPS = {
    "d.agents.get('calculater')": r"UnknownNameError: .*did you mean 'calculator'\?",
    "d.sessions.get('sess_gone')": "NotFoundError: .*'sess_gone'",
    "d.agents['echo'].send('Hi', model='small')": r"TypeError: .*'model': .*llm=\"small",
    "d.agents['echo'].send('Hi', colour='red')": "TypeError: .*'colour'",
    "turn.session.send('Hi', seed=1)": "TypeError: .*'seed': .*%dari help options",
    "d.batches['nothere']": "KeyError: .*'nothere'",
    "d.batches.run('echo', ['a'], llm='small')": r"TypeError: .*llms=\[\"small\"\]",
    "d.batches.run('echo', ['a'], budget=1)": "TypeError: .*'budget': did you mean 'max_cost'",
    "d.batches.run('echo', ['a'], llms=5)": "InvalidRequestError: ",
    "d.batches.run('echo', ['a'], metadata=5)": "InvalidRequestError: ",
    "d.batches.run('echo', ['a'], scores_path=5)": "InvalidRequestError: ",
    "d.agents['echo'].send('Hi', files=5)": "InvalidRequestError: ",
    "d.agents['echo'].send('Hi', tools=5)": "InvalidRequestError: ",
    "d.files.upload('nothere')": "InvalidRequestError: ",
    "dari_nb.connect('local', llms={'small': 'llama3.2'})": "InvalidRequestError: llms.small: ",
    "dari_nb.connect('nonsense')": "InvalidRequestError: ",
    "dari_nb.Client('http://127.0.0.1:9', 'k').agents.list()": "ConnectionFailedError: ",
    "turn.wait(timeout='a')": "InvalidRequestError: ",
    "turn.session.workspace(wait='a')": "InvalidRequestError: ",
    "dari_nb.Tape('x.tape', mode='x')": "InvalidRequestError: ",
    "dari_nb.Tape('shop.tape').view(speed='fast')": "InvalidRequestError: ",
    "d.sessions.view().active = 'sess_nope'": "NotFoundError: ",
    "batch.add(llms=5)": "InvalidRequestError: ",
    "batch.rate(1, 'small', 5)": "NoCellError: ",
    "batch[7, 'small']": "NoCellError: ",
    "batch.pivot('ratings')": "InvalidRequestError: ",
    "batch.plot()": "InvalidRequestError: ",
}


@pytest.fixture
def typed(shell, tmp_path, monkeypatch):
    """Type a cell; returns what is shown of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "shop.tape").write_text('{"dari_tape": 1, "times": true}\n{"agent": "echo"}\n')
    monkeypatch.setattr(InteractiveShell, "_instance", shell.ip)  # the one that IPython shows with
    shell.run("import dari_nb\nturn = d.agents['echo'].send('Hi').wait()")

    def type_(cell):
        shown = io.StringIO()
        with redirect_stdout(shown), redirect_stderr(shown):
            shell.ip.run_cell(cell)
        return re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())

    return type_


def test_a_slip_is_told_below_the_line_that_was_typed_without_what_went_on_inside(typed, shell):
    shell.run("batch = d.batches.run('calculator', ['1'], ['small'], new_run=True).wait()")
    for cell, said in SLIPS.items():
        check(typed(cell), said)


def check(shown, said):
    name = shown.splitlines()[-1]
    assert re.match(said, name)
    # Errors of Python's own may be some steps away from what was typed.
    most = 5 if re.match("TypeError|KeyError", name) else 0
    assert len(re.findall(r"^File ", shown, re.MULTILINE)) <= most
    assert "exception" not in shown


def test_functions_of_the_user_are_shown_down_to_the_last_one(typed, tmp_path):
    (tmp_path / "helper.py").write_text("def each(name):\n    return name.send('')\n")
    shown = typed("from helper import each\nlist(map(each, [d.agents['echo']]))")
    assert re.findall(r"^File .*?(\w+\.py)", shown, re.MULTILINE) == ["helper.py"]
    assert "return name.send('')" in shown
    assert "InvalidRequestError: The message is empty" in shown
    shown = typed(
        "table = d.sessions.view()\n"
        "table.observe(lambda change: each(d.agents['echo']), 'active')\n"
        "table.active = turn.session"
    )
    assert "return name.send('')" in shown


def test_a_traceback_of_what_is_no_slip_is_whole(typed, shell):
    shell.run("d.client.agents._transport._retry = None")
    shown = typed("d.agents.list()")
    assert "AttributeError" in shown
    assert "_transport.py" in shown
