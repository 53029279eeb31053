"""A chat from the kernel's side: what a page asks is sent, once."""

import json
import time

import pytest

from dari_nb.local import ToolCall, ToolResult

pytestmark = pytest.mark.usefixtures("published_comms")


@pytest.fixture
def ask():
    """Ask as a page does, and wait for the answer."""

    def ask(chat, what, body, buffers=()):
        before = len(chat.comm.published)
        request = {"kind": "request", "id": before, "what": what, "body": body}
        data = {"method": "custom", "content": request}
        chat.comm.handle_msg({"content": {"data": data}, "buffers": list(buffers)})
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            contents = [data.get("content", {}) for data in chat.comm.published[before:]]
            for content in contents:
                if content.get("kind") == "answer" and content["id"] == before:
                    return content
            time.sleep(0.005)
        raise AssertionError("no answer in 30 s")

    return ask


@pytest.fixture
def agent(server, d):
    @server.agent("helper", llms=("small", "large"))
    def helper(prompt, turn):
        if prompt == "ask":
            result: ToolResult = yield ToolCall("look", {"q": 1}, external=True)
            yield f"You said {json.dumps(result.result)}."
        else:
            names = ", ".join(file.name for file in turn.files)
            yield f"{turn.llm_id}: {prompt} {names}".strip()

    return d.agents.get("helper")


def message(key, text, files=(), llm=""):
    return {"key": key, "text": text, "files": list(files), "llm": llm}


def test_the_first_message_begins_a_session_with_the_chosen_llm(agent, ask):
    chat = agent.chat()
    assert chat.session is None
    assert chat.llms == ["small", "large"]
    assert ask(chat, "send", message("k1", "Hello", llm="large"))["error"] is None
    assert chat.begun
    assert chat.session.turn().wait().text == "large: Hello"
    chat.close()


def test_a_message_that_is_sent_again_is_not_doubled(agent, ask):
    chat = agent.chat()
    for _ in range(3):
        assert ask(chat, "send", message("k1", "Hello"))["error"] is None
    ask(chat, "send", message("k2", "Hello"))
    assert len(chat.session.messages()) == 2
    chat.close()


def test_files_are_uploaded_and_attached(agent, ask):
    chat = agent.chat()
    chunk = {"key": "f1", "name": "notes.txt", "size": 3, "offset": 0}
    assert ask(chat, "upload", chunk, [memoryview(b"abc")])["body"] == "f1"
    ask(chat, "send", message("k1", "Read it.", ["f1"]))
    assert chat.session.turn().wait().text == "small: Read it. notes.txt"
    chat.close()


def test_an_empty_message_is_refused_and_nothing_is_sent(agent, ask):
    chat = agent.chat()
    assert ask(chat, "send", message("k1", "  "))["error"]
    assert chat.session is None
    chat.close()


def test_a_server_that_is_gone_is_said_in_words(agent, ask, server):
    chat = agent.chat()
    server.stop()
    error = ask(chat, "send", message("k1", "Hello"))["error"]
    assert "127.0.0.1" in error
    assert "Traceback" not in error
    chat.close()


def test_an_open_call_is_answered_once(agent, ask):
    session = agent.start()
    turn = session.send("ask")
    chat = session.chat()
    call = turn.tool_calls[0]
    answer = {"id": call.tool_call_id, "message_id": turn.id, "is_error": False, "values": "[1, 2"}
    assert "no JSON" in ask(chat, "submit", answer)["error"]
    assert ask(chat, "submit", {**answer, "values": "[1, 2]"})["error"] is None
    assert turn.wait().text == "You said [1, 2]."
    assert ask(chat, "submit", {**answer, "values": "[3]"})["error"]
    chat.close()


def test_a_refusal_tells_the_agent(agent, ask):
    session = agent.start()
    turn = session.send("ask")
    chat = session.chat()
    answer = {"id": turn.tool_calls[0].tool_call_id, "message_id": turn.id, "is_error": True}
    assert ask(chat, "submit", {**answer, "values": "Refused by the user."})["error"] is None
    assert turn.wait().text == 'You said "Refused by the user.".'
    assert turn.tool_calls[0].is_error
    chat.close()


def test_in_a_terminal_a_chat_is_its_transcript(agent, capsys):
    session = agent.start()
    session.send("Hello").wait()
    chat = session.chat()
    chat._ipython_display_()
    assert "small: Hello" in capsys.readouterr().out
    chat.close()
