"""``%dari_send --again``: the last prompt, or another, asked anew in a fork."""

import pytest
from IPython.core.error import UsageError


@pytest.fixture
def listener(server):
    @server.agent("listener", llms=["small", "large"])
    def listener(prompt, turn):
        return f"{turn.llm_id}: {prompt} after {len(turn.history)}"


@pytest.fixture
def ready(shell, listener):
    shell.run("%dari use listener\nfirst = %dari_send --quiet One\nlast = %dari_send --quiet Two")
    return shell


def prompts(session):
    return [message.parts[0]["text"] for message in session.messages()]


def test_the_last_prompt_is_asked_anew_and_the_fork_is_current(ready, capsys):
    ready.run("again = %dari_send --again")
    last, again = ready.names["last"], ready.names["again"]
    parent, fork = last.session, again.session
    assert fork.id in capsys.readouterr().out
    assert (again.text, fork.forked_from) == (last.text, parent.id)
    ready.run("on = %dari_send --quiet Three")
    assert prompts(ready.names["on"].session) == ["One", "Two", "Three"]
    assert prompts(parent) == ["One", "Two"]


@pytest.mark.parametrize(
    ("cell", "text", "answer"),
    [
        ("t = %dari_send --again --llm large Why {n}?", "Why 7?", "large: Why 7? after 2"),
        ("t = %dari_send --llm large --again", "Two", "large: Two after 2"),
        ("%%dari_send --again -o t\nWhy\nso?", "Why\nso?", "small: Why\nso? after 2"),
        ("t = %dari_send --again --session {first.session.id} Hm", "Hm", "small: Hm after 2"),
    ],
)
def test_a_text_and_an_llm_take_the_place_of_those_before(ready, cell, text, answer):
    ready.names["n"] = 7
    ready.run(cell)
    turn = ready.names["t"]
    assert (turn.prompt, turn.text) == (text, answer)


def test_again_and_again_is_a_fork_of_a_fork(ready):
    ready.run("a = %dari_send --quiet --again X\nb = %dari_send --quiet --again")
    a, b = ready.names["a"], ready.names["b"]
    assert b.session.forked_from == a.session.id
    assert prompts(b.session) == ["One", "X"]


def test_without_a_turn_there_is_nothing_to_ask_again(shell, listener):
    shell.run("%dari use listener")
    with pytest.raises(UsageError):
        shell.run("%dari_send --again")
