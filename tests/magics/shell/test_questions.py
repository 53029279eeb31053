"""A question mark at the end of a line is part of the question, and help stays help."""

import io
from contextlib import redirect_stdout

import pytest
from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager

from dari_nb.magics import load_ipython_extension, unload_ipython_extension


@pytest.fixture
def asked(shell):
    """Run cells with an agent chosen; returns the prompts that the server got."""
    shell.run("%dari use echo")

    def run(cell):
        shell.run(cell)
        session = shell.ip.magics_manager.registry["DariMagics"].state.session
        return [message.parts[0]["text"] for message in session.messages()] if session else []

    run.shell = shell
    return run


def test_wherever_the_line_stands_the_question_is_sent(asked):
    cells = [
        "# first a comment?\n%dari_send --quiet What?",
        "with open('/dev/null'):\n    if True:\n        t = %dari_send --quiet What?",
        "def ask():\n    %dari_send --quiet What?\nask()",
        "if True: t = %dari_send --quiet What?",
        "%dari_send --quiet \\\nWhat?",
        "turn = \\\n%dari_send --quiet What?",
        "a = b = 0\nseen = {}\nseen['a=b'] = %dari_send --quiet What?",
        "t: object = %dari_send --quiet What?",
        "%dari_send --quiet -o turn --meta why=what? What?",
        "%time %dari_send --quiet What?",
        "dari_send --quiet What?",
        "In [1]: %dari_send --quiet What?",
        ">>> %dari_send --quiet What?",
        "%%dari_send --quiet --meta why=what?\nWhat?",
    ]
    for count, cell in enumerate(cells, 1):
        assert asked(cell) == ["What?"] * count, cell


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("%dari help Session.view?", "height"),
        ("%dari tape lesson.tape?", "%dari tape [FILE]"),
        ("%dari ?", "%dari help [TOPIC]"),
    ],
)
def test_a_question_on_a_line_that_takes_no_text_asks_for_help(asked, capsys, line, told):
    assert asked(line) == []
    assert told in capsys.readouterr().out


def test_help_for_a_magic_stays_help(asked):
    for cell in ("%dari_send??", "?%dari_send", "%%dari_send?", "dari_send?", "t = %dari_send?"):
        helped = io.StringIO()
        with redirect_stdout(helped):
            assert asked(cell) == []
        assert "message" in helped.getvalue(), cell


def test_what_is_not_ours_is_read_as_ipython_alone_reads_it(shell, monkeypatch):
    cells = [
        "%time print?",
        "len?",
        "?len",
        "x = !ls?",
        "str.format?",
        "%dari_transcript x?",
        "print('%dari_send What?')",
        "text = '''\n%dari_send What?\n'''",
        "x = 1 # %dari_send What?",
        "%dari_sender What?",
        "dari_send(What?",
    ]
    with_ours = [shell.ip.transform_cell(cell) for cell in cells]
    readers = TransformerManager().token_transformers
    monkeypatch.setattr(shell.ip.input_transformer_manager, "token_transformers", readers)
    assert [shell.ip.transform_cell(cell) for cell in cells] == with_ours


@pytest.mark.parametrize("cell", ["t = %dari_send What?", "dari_send What?"])
def test_a_cell_is_complete_and_reads_the_same_when_it_is_read_again(shell, cell):
    assert shell.ip.check_complete(cell)[0] == "complete"
    once = shell.ip.transform_cell(cell)
    assert "'What?'" in once
    assert shell.ip.transform_cell(once) == once


def test_a_name_of_the_users_own_goes_before_the_magic_without_a_percent_sign(shell):
    shell.names["dari_send"] = 1
    assert "pinfo" in shell.ip.transform_cell("dari_send What?")
    del shell.names["dari_send"]
    shell.run("%automagic off")
    assert "pinfo" in shell.ip.transform_cell("dari_send What?")


def test_loading_again_changes_nothing_and_unloading_takes_everything_away(shell):
    manager = shell.ip.input_transformer_manager
    shell.run("%load_ext dari_nb")
    loaded = len(manager.token_transformers)
    load_ipython_extension(shell.ip)
    shell.run("%reload_ext dari_nb")
    assert len(manager.token_transformers) == loaded
    shell.run("%unload_ext dari_nb")
    assert len(manager.token_transformers) == loaded - 1
    assert "pinfo" in shell.ip.transform_cell("%dari_send What?")
    assert not [m for m in shell.ip.Completer.custom_matchers if "dari" in repr(m)]
    with pytest.raises(UsageError):
        shell.run("%dari_send Hello")
    shell.run("%load_ext dari_nb")
    assert "pinfo" not in shell.ip.transform_cell("%dari_send What?")


def test_a_cell_that_loads_and_asks_says_that_its_questions_were_not_read(shell):
    shell.run("%dari use echo")
    unload_ipython_extension(shell.ip)
    cell = "%load_ext dari_nb\nturn = %dari_send --quiet -o turn What?"
    said = io.StringIO()
    with redirect_stdout(said), pytest.raises(UsageError):
        shell.ip.run_cell(cell, store_history=True).raise_error()
    assert "What" not in said.getvalue()
    shell.ip.run_cell(cell, store_history=True).raise_error()
    shell.ip.run_cell(cell.replace("%load", "%reload"), store_history=True).raise_error()
    for harmless in (
        "load_ext dari_nb",
        "%load_ext dari_nb\nlen?",
        "%load_ext dari_nb\n%dari_send --quiet Hi",
    ):
        unload_ipython_extension(shell.ip)
        shell.ip.extension_manager.loaded.discard("dari_nb")
        with redirect_stdout(said):
            shell.ip.run_cell(harmless, store_history=True).raise_error()
