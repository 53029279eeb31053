"""An agent that says nothing is told to have said nothing, wherever its turn is shown."""

import re

import pytest
from rich.console import Console

from dari_nb.local import LocalDari, ToolCall, ToolResult
from dari_nb.render import terminal
from dari_nb.resources import Dari


@pytest.fixture(scope="module")
def d():
    with LocalDari() as server, Dari(server.url, server.api_key, server) as d:

        @server.agent("silent")
        def silent(prompt):
            if "call" in prompt:
                yield ToolCall("look")
                yield ToolResult("seen")
            if "word" in prompt:
                yield "word"

        yield d


def printed(items, head):
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(terminal(items, head))
    console.file.close()
    return console.export_text()


def forms(shown, items, head):
    html = re.sub(r"<style.*?</style>", "", shown["text/html"], flags=re.DOTALL)
    return [html, shown["text/markdown"], shown["text/plain"], printed(items, head)]


@pytest.mark.parametrize(("prompt", "silences"), [("call", 1), ("word", 0)])
def test_an_empty_answer_is_said_quietly_in_static_output_and_in_a_terminal(d, prompt, silences):
    turn = d.agents["silent"].send(prompt).wait()
    for shown in forms(turn.to_mimebundle(), turn.items, turn.head()):
        assert shown.count("(no text)") == silences


def test_each_silent_turn_of_a_session_says_so_and_the_last_one_is_done(d):
    session = d.agents["silent"].send("nothing").wait().session
    session.send("a word").wait()
    session.send("call").wait()
    transcript = session.transcript()
    assert transcript.head().state == "completed"
    for shown in forms(transcript.to_mimebundle(), transcript.items, transcript.head()):
        assert shown.count("(no text)") == 2
