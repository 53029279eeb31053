"""What a magic gives back, and that it is shown once."""

import pytest
from IPython.core.error import UsageError

from dari_nb.magics import load_ipython_extension, unload_ipython_extension
from dari_nb.resources import Batch, Turn
from dari_nb.resources.sessions.transcript import Transcript


@pytest.fixture
def shown(shell, capsys):
    """Run a cell; returns its value and what stands in the terminal."""
    shell.run("%dari use echo")
    capsys.readouterr()

    def run(cell):
        value = shell.run(cell)
        return value, capsys.readouterr().out

    return run


@pytest.mark.parametrize("cell", ["dari_send What?", "%time %dari_send What?"])
def test_a_turn_is_shown_once(shown, cell):
    value, out = shown(cell)
    assert value is None
    assert out.count("That is 1 word in 1 line.") == 1
    assert "Out[" not in out


def test_other_lines_give_what_they_show_too(shell, shown):
    shown("t = %dari_send What?")
    shown("tasks = ['x', 'y']")
    _, out = shown("a = %dari_follow\nb = %dari_transcript\nc = %dari_batch echo --tasks tasks")
    kinds = [type(shell.names[name]) for name in "abc"]
    assert kinds == [Turn, Transcript, Batch]
    assert out.count("You wrote:") == 4
    _, out = shown("d = %dari_frame messages --quiet\ne = %dari_workspace --quiet")
    assert out == ""
    assert len(shell.names["d"]) == 1
    assert shell.names["e"].files is not None


def test_a_turn_that_is_named_again_is_shown_again(shown):
    assert shown("t = %dari_send --quiet What?")[1] == ""
    assert "That is 1 word" in shown("t")[1]
    assert "That is 1 word" in shown("u = %dari_send --quiet What?\nu")[1]
    assert shown("%dari_send --quiet What?") == (None, "")


def test_a_cell_that_loads_the_magics_shows_its_turn_once(shell, shown, capsys):
    unload_ipython_extension(shell.ip)
    shell.ip.extension_manager.loaded.discard("dari_nb")
    value, out = shown("%load_ext dari_nb\n%dari use echo\n%dari_send Hello")
    assert out.count("That is 1 word in 1 line.") == 1
    assert "Out[" not in out
    assert value is None
    assert "That is 1 word" in shown("get_ipython().run_line_magic('dari_send', 'x')")[1]


def test_functions_and_tasks_of_a_function_can_be_named(shell, shown):
    shown(
        "def ask():\n    mine = ['a']\n    def tool(): ...\n"
        "    b = %dari_batch echo --quiet --tasks mine\n"
        "    t = %dari_send --quiet --tools tool What?\n    return b, t"
    )
    (batch, turn), _ = shown("ask()")
    assert (len(batch), turn.prompt) == (1, "What?")


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("x = %dari_agents", "%dari agents"),
        ("if True:\n    %dair_send Hello", "%dari_send"),
        ("%%dari_btch echo\nHello", "%%dari_batch"),
    ],
)
def test_a_slip_in_a_name_is_told_what_was_meant(shell, cell, meant):
    with pytest.raises(UsageError, match=rf"did you mean {meant}\?"):
        shell.run(cell)


def test_magics_of_others_are_left_alone(shell):
    with pytest.raises(UsageError):
        shell.run("%tiem 1")
    shell.ip.register_magic_function(lambda line: line, magic_name="dari_mine")
    assert shell.run("%dari_mine x") == "x"


def test_unloading_leaves_no_trace(shell):
    def traces():
        ip = shell.ip
        manager = ip.magics_manager
        return (
            set(manager.magics["line"]),
            set(manager.magics["cell"]),
            set(manager.registry),
            [type(each) for each in ip.configurables],
            list(ip.ast_transformers),
            list(ip.Completer.custom_matchers),
            list(ip.input_transformer_manager.token_transformers),
            {event: list(each) for event, each in ip.events.callbacks.items()},
            {name for name in ip.user_ns if not name.startswith("_")},
        )

    unload_ipython_extension(shell.ip)
    before = traces()
    for _ in range(3):
        load_ipython_extension(shell.ip)
        shell.run("%dari use echo")
        shell.run("%dari_send --quiet Hi")
    unload_ipython_extension(shell.ip)
    assert not [name for part in before[:3] for name in part if "dari" in name.lower()]
    assert traces() == before
