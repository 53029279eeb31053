"""A question mark at the end of a line is part of the question, and help stays help."""

import io
import subprocess
import sys
from contextlib import redirect_stdout

import pytest
from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager

from dari_nb.magics import load_ipython_extension, unload_ipython_extension

QUESTIONS = [
    "What is a closure?",
    "What is a closure??",
    "Really???",
    "Is it {1: 2}?",
    "Was ist eine Fähigkeit?",
    "闭包是什么?",
    "闭包是什么？",  # noqa: RUF001
    "ما هي؟",
    "¿Qué es?",
    "؟ما هي",
    "What's a closure?",
    'Is it "quoted?"',
    '"What is a closure?"',
    "Which of sys.path[0]?",
    "What does f(x) do, and what is (this?",
    "Why does x = %time fail?",
    "What is #hash? Or ''' this?",
    "a * b *?",
    "What is `%dari_send?`?",
    "?",
    "? or ?",
]


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


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_on_the_line_is_sent_as_it_is(asked, question):
    assert asked(f"%dari_send {question}") == [question]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_that_is_assigned_from_is_sent_as_it_is(asked, question):
    assert asked(f"turn = %dari_send --quiet {question}") == [question]


@pytest.mark.parametrize(
    "cell",
    [
        "%dari_send --quiet What?   ",
        "   %dari_send --quiet What?",
        "x = 1\n%dari_send --quiet What?\ny = 2",
        "%dari_send --quiet What?\n\n",
        "# first a comment?\n%dari_send --quiet What?",
        "for i in range(1):\n    %dari_send --quiet What?",
        "if True:\n\t%dari_send --quiet What?\nelse:\n\tpass",
        "with open('/dev/null'):\n    if True:\n        t = %dari_send --quiet What?",
        "def ask():\n    %dari_send --quiet What?\nask()",
        "if True: t = %dari_send --quiet What?",
        "%dari_send --quiet \\\nWhat?",
        "turn = \\\n%dari_send --quiet What?",
        "a = b = 0\nseen = {}\nseen['a=b'] = %dari_send --quiet What?",
        "t: object = %dari_send --quiet What?",
        "%dari_send --quiet -o turn --meta why=what? What?",
        "%dari_send --quiet -- What?",
        "%%time\n%dari_send --quiet What?",
        "%time %dari_send --quiet What?",
        "dari_send --quiet What?",
        "In [1]: %dari_send --quiet What?",
        ">>> %dari_send --quiet What?",
        "%%dari_send --quiet --meta why=what?\nWhat?",
        "get_ipython().run_line_magic('dari_send', '--quiet What?')",
    ],
)
def test_wherever_the_line_stands_the_question_is_sent(asked, cell):
    assert asked(cell) == ["What?"]


def test_an_assignment_gets_the_turn(asked):
    asked("turn = %dari_send --quiet What is it?\nagain = %dari_send --quiet And again")
    names = asked.shell.names
    assert [names[name].prompt for name in ("turn", "again")] == ["What is it?", "And again"]
    assert names["turn"].status == "completed"
    assert not [name for name in names if name.startswith("_dari")]
    names["tasks"] = ["Hi?", "Ho?"]
    asked("batch = %dari_batch echo --quiet --tasks tasks")
    assert len(names["batch"]) == 2
    asked("frame = %dari_frame messages --meta a=?")
    assert len(names["frame"]) == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("%dari help tape?", "%dari tape [FILE]"),
        ("%dari help dari_send?", "%dari_send [options] TEXT"),
        ("%dari help Session.view?", "Return the session as a view"),
        ("%dari tape?", "%dari tape [FILE]"),
        ("%dari tape lesson.tape?", "%dari tape [FILE]"),
        ("%dari use echo?", "%dari use AGENT"),
        ("%dari sessions?", "%dari sessions [WORDS]"),
        ("%dari help?", "%dari help [TOPIC]"),
        ("%dari ?", "%dari help [TOPIC]"),
    ],
)
def test_a_question_on_a_line_that_takes_no_text_asks_for_help(asked, capsys, line, told):
    assert asked(line) == []
    said = capsys.readouterr().out
    assert told in said
    assert "not found" not in said


def test_several_questions_and_other_lines_of_a_cell_keep_their_order(asked):
    lines = ["What (is it?", "n = 1", "t = %dari_send And {n}?", "%dari_send Done"]
    assert asked("%dari_send " + "\n".join(lines)) == ["What (is it?", "And 1?", "Done"]


def test_a_line_that_goes_on_is_one_question(asked):
    (prompt,) = asked("%dari_send --quiet What is \\\n  a closure?")
    assert prompt.split() == ["What", "is", "a", "closure?"]


def test_a_cells_text_may_hold_any_question(asked):
    text = "closure?\n%dari_send?\n?really\nx = %dari_send what?"
    assert asked(f"%%dari_send --quiet\n{text}") == [text]


def test_an_option_and_a_question_go_together(asked):
    asked("%dari_send -o turn --quiet --llm small What is it?")
    turn = asked.shell.names["turn"]
    assert (turn.prompt, turn.session.llm_id) == ("What is it?", "small")


def test_values_that_people_write_are_theirs_on_other_magics_too(asked):
    asked("%dari_send --quiet --meta topic=why? Hello")
    assert len(asked.shell.run("%dari sessions --meta topic=why?")) == 1
    assert len(asked.shell.run("%dari_frame messages --meta topic=why?")) == 1
    assert len(asked.shell.run("%dari sessions --meta topic=how?")) == 0


@pytest.mark.parametrize(
    "cell",
    [
        "%dari_send?",
        "%dari_send??",
        "?%dari_send",
        "??%dari_send",
        "%%dari_send?",
        "dari_send?",
        "t = %dari_send?",
    ],
)
def test_help_for_a_magic_stays_help(asked, cell):
    helped = io.StringIO()
    with redirect_stdout(helped):
        assert asked(cell) == []
    assert "message" in helped.getvalue()


@pytest.mark.parametrize(
    "cell",
    [
        "%time print?",
        "%matplotlib inline?",
        "len?",
        "?len",
        "!ls?",
        "x = !ls?",
        "str.format?",
        "%dari_transcript x?",
        "print('%dari_send What?')",
        "text = '''\n%dari_send What?\n'''",
        "x = 1 # %dari_send What?",
        "%dari_sender What?",
        "dari_send(What?",
    ],
)
def test_what_is_not_ours_is_read_as_ipython_alone_reads_it(shell, monkeypatch, cell):
    with_ours = shell.ip.transform_cell(cell)
    readers = TransformerManager().token_transformers
    monkeypatch.setattr(shell.ip.input_transformer_manager, "token_transformers", readers)
    assert shell.ip.transform_cell(cell) == with_ours


@pytest.mark.parametrize("cell", ["%dari_send What?", "t = %dari_send What?", "dari_send What?"])
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
    with pytest.raises(UsageError, match="not found"):
        shell.run("%dari_send Hello")
    shell.run("%load_ext dari_nb")
    assert "pinfo" not in shell.ip.transform_cell("%dari_send What?")


def test_agent_and_session_outlive_unloading(asked):
    asked("%dari_send --quiet Hello")
    asked.shell.run("%load_ext dari_nb")
    asked.shell.run("%unload_ext dari_nb")
    asked.shell.run("%load_ext dari_nb")
    assert asked("%dari_send --quiet And again?") == ["Hello", "And again?"]


def test_a_cell_that_loads_and_asks_says_that_its_questions_were_not_read(shell):
    shell.run("%dari use echo")
    unload_ipython_extension(shell.ip)
    cell = "%load_ext dari_nb\nturn = %dari_send --quiet -o turn What?"
    said = io.StringIO()
    with redirect_stdout(said), pytest.raises(UsageError, match="run this cell again"):
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


def test_plain_ipython_sends_a_question_given_on_the_command_line():
    cells = ["%dari use echo", "%dari_send --quiet -o t What is a closure?", "print(t.prompt)"]
    command = [sys.executable, "-m", "IPython", "--quick", "--ext=dari_nb", "-c", "\n".join(cells)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "What is a closure?" in ran.stdout
