"""What others say than the user and the agent: roles that nobody knows, and the system later on."""

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.resources import Transcript

from .preserved import lost

HI = {"role": "user", "content": "Hi"}
GHOST = {"role": "narrator", "content": "Night falls.", "mood": 731}


def anthropic(*messages):
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    return [HI, {"role": "assistant", "content": [thought]}, *messages]


def responses(*items):
    return [HI, {"type": "reasoning", "summary": []}, *items]


def inspect(*messages):
    eval_ = {"task": "t", "model": "m", "created": "2026-01-01T00:00:00Z"}
    samples = [{"id": 1, "epoch": 1, "input": "Hi", "messages": [HI, *messages]}]
    return {"version": 2, "status": "success", "eval": eval_, "samples": samples}


def swe_agent(*messages):
    return {"history": [{**HI, "agent": "main"}, *messages], "trajectory": [], "info": {}}


def atif(*steps):
    told = [
        {"source": step["role"], "message": step["content"], "mood": step.get("mood")}
        for step in steps
    ]
    first = {"source": "user", "message": "Hi"}
    return {"schema_version": "ATIF-v1.7", "agent": {"name": "a"}, "steps": [first, *told]}


FORMATS = {
    "chat completions": lambda *messages: {"messages": [HI, *messages]},
    "Anthropic messages": anthropic,
    "OpenAI Responses": responses,
    "Inspect log": inspect,
    "SWE-agent trajectory": swe_agent,
    "ATIF trajectory": atif,
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_message_of_a_role_that_nobody_knows_is_shown_where_it_stands(name):
    document = FORMATS[name](GHOST)
    run = Transcript.from_messages(document)
    assert run.format == name
    assert run.items[0].type == "user_message"
    text = str(run)
    assert text.index("Hi") < text.index("message of narrator") < text.index("Night falls.")
    assert "731" in text
    assert not lost(GHOST, run, shown=True)


@pytest.mark.parametrize("name", FORMATS)
def test_what_the_system_says_later_is_shown_where_it_stands(name):
    system = {"role": "system", "content": "Ten minutes left."}
    run = Transcript.from_messages(FORMATS[name](system, HI))
    assert "Ten minutes" not in run.instructions
    text = str(run)
    assert text.index("Hi") < text.index("Ten minutes left.") < text.rindex("Hi")
    assert "Ten minutes left." not in run.items[-1].text


def test_what_the_system_says_later_is_exported_where_it_was_said():
    first, later = ({"role": "system", "content": text} for text in ("Be kind.", "Be quick."))
    run = Transcript.from_messages([first, HI, {"role": "assistant", "content": "Hello."}, later])
    assert run.instructions == "Be kind."
    told = [(step["source"], step["message"]) for step in run.to_atif()["steps"]]
    assert told == [
        ("system", "Be kind."),
        ("user", "Hi"),
        ("agent", "Hello."),
        ("system", "Be quick."),
    ]
    written = run.to_anthropic()
    assert written["system"] == "Be kind."
    assert written["messages"][-1] == {
        "role": "user",
        "content": [{"type": "text", "text": "Be quick."}],
    }
    assert run.to_messages()[-1] == later


@pytest.mark.parametrize("role", ["admin", "x"])
def test_a_list_in_which_nobody_has_a_known_role_is_no_run(role):
    with pytest.raises(InvalidRequestError, match=f"message 1 has no known role: '{role}'"):
        Transcript.from_messages([{"role": role, "content": "x"}, {"role": "y"}])
