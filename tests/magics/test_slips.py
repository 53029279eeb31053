"""Usual slips in Python are told in a few lines: what was called, and what to mend."""

import io
import re
from contextlib import redirect_stderr, redirect_stdout

import pytest
from IPython.core.interactiveshell import InteractiveShell

TAPE = "dari_nb.Tape('shop.tape')"
SLIPS = [
    ("d.agents.get('calculater')", r"UnknownNameError: .*did you mean 'calculator'\?"),
    ("d.sessions.get('sess_gone')", "NotFoundError: .*No session 'sess_gone'"),
    ("d.agents['echo'].send('Hi', model='small')", r"TypeError: .*takes no 'model': .*llm=\"small"),
    ("d.agents['echo'].send('Hi', colour='red')", "TypeError: .*keyword argument 'colour'"),
    (
        "d.agents['echo'].send('Hi', temperature=0)",
        r"TypeError: agent\.send\(\) takes no 'temperature': .*add_llms.*%dari help options",
    ),
    ("turn.session.send('Hi', seed=1)", r"TypeError: .*takes no 'seed': .*%dari help options"),
    ("d.agents['echo'].start(top_p=1)", r"TypeError: agent\.start\(\) takes no 'top_p': .*llm="),
    ("d.batches.run('echo', ['a'], max_tokens=9)", "TypeError: .*takes no 'max_tokens'.*options"),
    ("d.sessions.create('ehco')", "UnknownNameError: .*did you mean 'echo'"),
    ("d.batches['nothere']", "KeyError: \"there is no 'nothere'\""),
    ("d.batches.run('ehco', ['a'])", "UnknownNameError: .*did you mean 'echo'"),
    ("d.batches.run('echo', ['a'], llm='small')", r"TypeError: .*takes llms, .*llms=\[\"small\"\]"),
    ("d.batches.run('echo', ['a'], lms='small')", "TypeError: .*unexpected .*'lms'"),
    ("d.batches.run('echo', ['a'], name='mine')", "TypeError: .*'name': did you mean 'run_id'"),
    ("d.batches.run('echo', ['a'], budget=1)", "TypeError: .*'budget': did you mean 'max_cost'"),
    ("d.batches.run('echo', ['a'], repeat=2)", "TypeError: .*'repeat': did you mean 'repeats'"),
    ("d.batches.run('echo', ['a'], llms=5)", "InvalidRequestError: llms is a list of names"),
    ("d.batches.run('echo', ['a'], version=5.5)", "InvalidRequestError: version is a number or an"),
    ("d.batches.run('echo', ['a'], versions=5.5)", "InvalidRequestError: version is a number or"),
    ("d.batches.run('echo', ['a'], metadata=5)", "InvalidRequestError: metadata is a dict of .*5"),
    ("d.batches.run('echo', ['a'], files=5)", "InvalidRequestError: files is a list of paths"),
    ("d.batches.run('echo', ['a'], tools=5)", "InvalidRequestError: tools is a list of .*not 5"),
    (
        "d.batches.run('echo', ['a'], scores_path=5)",
        "InvalidRequestError: Scores are kept in a file",
    ),
    ("d.batches.get('run_1')", r"UnknownNameError: .*d.batches\['run_1'\] or d.batches.recover"),
    ("d.agents['echo'].send('Hi', metadata='a')", "InvalidRequestError: metadata is a dict of"),
    ("d.agents['echo'].send('Hi', files=5)", "InvalidRequestError: files is a list of .*not 5"),
    ("d.agents['echo'].send('Hi', tools=5)", "InvalidRequestError: tools is a list of .*not 5"),
    ("d.sessions.list(metadata=5)", "InvalidRequestError: metadata is a dict of"),
    ("d.files.upload('nothere')", "InvalidRequestError: Cannot read 'nothere'"),
    ("dari_nb.connect('local', llms={'small': 'llama3.2'})", "InvalidRequestError: llms.small: "),
    ("dari_nb.connect('local', config='no.toml')", "InvalidRequestError: no.toml: "),
    ("dari_nb.connect('local', path='/nowhere/x.db')", "InvalidRequestError: /nowhere/x.db "),
    ("dari_nb.connect('nonsense')", "InvalidRequestError: 'nonsense' is no URL"),
    ("dari_nb.Client('http://127.0.0.1:9', 'k').agents.list()", "ConnectionFailedError: Cannot"),
    ("turn.wait(timeout='a')", "InvalidRequestError: timeout is a number of seconds or None, not"),
    ("turn.wait(True)", "InvalidRequestError: timeout is a number of seconds or None, not True"),
    ("turn.follow('a')", "InvalidRequestError: timeout is a number of seconds or None, not 'a'"),
    ("turn.session.follow(-1)", "InvalidRequestError: timeout is a number of seconds or None, not"),
    ("turn.session.workspace(wait='a')", "InvalidRequestError: wait is a number of seconds"),
    ("d.client.batches.wait('batch_1', timeout='a')", "InvalidRequestError: timeout is a number"),
    (
        "d.batches.run('echo', ['2+2', ''])",
        r"InvalidRequestError: tasks\[1\]: The message is empty",
    ),
    ("dari_nb.Tape('x.tape', speed=0)", "InvalidRequestError: speed is real, instant, or"),
    ("dari_nb.Tape('x.tape', mode='x')", "InvalidRequestError: 'x' is no mode of a tape"),
    (f"{TAPE}.view(speed='fast')", "InvalidRequestError: speed is real, instant, or .* 'fast'"),
    (f"{TAPE}.view(speed='2x')", "InvalidRequestError: speed is real, instant, or .* '2x'"),
    (f"{TAPE}.view(speed=0)", "InvalidRequestError: speed is real, instant, or above 0, not 0"),
    (f"{TAPE}.view(at=-1)", "InvalidRequestError: at is seconds from 0, not -1"),
    ("turn.session.view().session = 'sess_nope'", "NotFoundError: .*No session 'sess_nope'"),
    ("d.sessions.view().active = 'sess_nope'", "NotFoundError: .*No session 'sess_nope'"),
]
OF_A_BATCH = [
    ("batch.add(llms=5)", "InvalidRequestError: .* has no LLM option 5"),
    ("batch.wait('a')", "InvalidRequestError: timeout is a number of seconds"),
    ("batch.rate(1, 'small', 5)", r"NoCellError: 1 is no cell. .* such as \(1, 'small'\);"),
    ("batch[7, 'small']", r"NoCellError: \(7, 'small'\) is no cell. .* tasks are 0 to 1, LLMs s"),
    ("batch.view().active = (7, 'small')", r"NoCellError: \(7, 'small'\) is no cell"),
    (
        "batch.pivot('rating')",
        "InvalidRequestError: A batch has no 'rating'. .* batch.rate.* ratings",
    ),
    ("batch.summary()", r"InvalidRequestError: There are no scores yet: .* batch.view\(\)"),
    ("batch.plot()", "InvalidRequestError: There are no scores yet"),
    ("batch.plot('cost_usd')", "InvalidRequestError: No cost is known. .* demo agents have none"),
]


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


@pytest.mark.parametrize(("cell", "said"), SLIPS)
def test_a_slip_is_told_below_the_line_that_was_typed_without_what_went_on_inside(
    typed, cell, said
):
    check(typed(cell), said)


def test_slips_with_a_batch_are_told_below_the_line_that_was_typed(typed, shell):
    shell.run(
        "batch = d.batches.run('calculator', ['1', '2'], ['small', 'large'], new_run=True).wait()"
    )
    for cell, said in OF_A_BATCH:
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
