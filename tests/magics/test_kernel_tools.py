"""``--tools`` and ``--approve`` in a real shell."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from dari_nb.local import ToolCall


@pytest.fixture(autouse=True)
def tools(server, shell, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    @server.agent("caller")
    def caller(prompt):
        result = yield ToolCall("double", {"n": 4}, external=True)
        yield f"{prompt}: {result.result}"

    shell.run("def double(n: int) -> int:\n    return 2 * n\nnumber = 3")
    shell.run("def small(name, arguments):\n    return arguments['n'] < 5 or 'too large'")


def test_where_nobody_can_be_asked_a_call_is_refused_with_what_to_do(shell):
    shell.run("%%dari_agent caller --quiet --tools double -o turn\nfirst")
    assert "nobody can be asked here" in shell.names["turn"].text


def test_a_chat_takes_them(shell):
    chat = shell.run("%dari_chat caller --tools double --approve always")
    chat._send_message("key", "first", [], "").result(20)
    assert chat.session.turn().text == "first: 8"
    chat.close()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("--tools ,", "invalid_tool"),
        ("--tools double --approve maybe", "name_not_defined"),
        ("--tools print", "invalid_tool"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(shell, options, code):
    shell.names["print"] = print
    with pytest.raises(UsageError) as refused:
        shell.run(f"%%dari_agent caller {options}\nfirst")
    assert refused.value.code == code
    assert not shell.names["d"].sessions.list()


@pytest.fixture
def stand_in():
    path = Path(__file__).parents[2] / "notebooks" / "stand_in.py"
    spec = spec_from_file_location("stand_in_of_kernel_tools", path)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    with module.StandIn() as stand_in:
        yield stand_in
    del sys.modules[spec.name]


def test_a_published_agent_with_a_model_calls_functions_of_the_notebook(shell, server, stand_in):
    server.add_llms({"rule": {"model": "rule", "base_url": stand_in.url, "api_key": "sk-hush"}})
    publish = shell.names["d"].agents.publish_prompt
    publish("helper", "Count well.", llm="rule", tools=[shell.names["double"]])
    shell.run("%dari use helper")
    use = 'use double {"n": 21}'
    shell.run(f"%%dari_send --quiet --raw --tools double --approve always -o turn\n{use}")
    turn = shell.names["turn"]
    [call] = turn.tool_calls
    assert (call.arguments, call.result, call.status) == ({"n": 21}, 42, "completed")
    assert "42" in turn.text
    assert "1 approved without asking" in turn.head().facts
    assert not any("approve=" in fact for fact in turn.head().facts)
