"""What a model thinks is kept beside what it says, seen while it is written, and handed back."""

import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.local.llm.think_tags import ThinkTags

from . import streams as s

PROVIDERS = {"chat_completions": {}, "anthropic_messages": {"provider": "anthropic"}}
TAGGED = [
    ("<think>\nHm <b>\n</think>\n\nIt is </think>.", "\nHm <b>\n", "It is </think>."),
    ("\n <think></think>Hi", "", "Hi"),
    ("Let me see.\n</think>\n\nHi", "Let me see.\n", "Hi"),
    ("Let me see.</think>\nHi", "Let me see.", "Hi"),
    ("</think>\n\nHi", "", "Hi"),
    ("<think>never ends", "never ends", ""),
    ("The tag </think> ends it.\n</think>\n", "", "The tag </think> ends it.\n</think>\n"),
    ("```\n</think>\n```", "", "```\n</think>\n```"),
    ("It opens with <think>.", "", "It opens with <think>."),
    (" " * 101 + "<think>no", "", " " * 101 + "<think>no"),
    ("<thin air", "", "<thin air"),
    ("", "", ""),
]


@pytest.fixture
def model():
    """A model that streams what its script has, and keeps what it was asked."""

    class Model(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.server.asked.append(asked)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for piece, gate in self.server.script.pop(0):
                gate.wait(60)
                self.wfile.write(piece.encode())
                self.wfile.flush()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.script, server.asked = [], []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def asking_model(serve, model):
    """A local Dari with that model, which is to stream these answers."""

    def asking(protocol, *answers):
        model.script = [[(answer, _open())] for answer in answers]
        url = f"http://127.0.0.1:{model.server_port}/v1"
        return serve(llms={"m": {"model": "m", "base_url": url, **PROVIDERS[protocol]}})

    return asking


def _open():
    gate = threading.Event()
    gate.set()
    return gate


def read(pieces):
    tags, said = ThinkTags(), {"text": "", "reasoning": ""}
    parts = [part for piece in pieces for part in tags.read(piece)]
    for kind, text in [*parts, *tags.end()]:
        if kind == "was reasoning":
            said = {"text": "", "reasoning": said["text"]}
        else:
            said[kind] += text
    return said["reasoning"], said["text"]


@pytest.mark.parametrize(("text", "thought", "said"), TAGGED)
def test_thoughts_between_tags_are_told_apart_wherever_they_are_cut(text, thought, said):
    assert read([text]) == read(text) == (thought, said)
    for one, two in itertools.combinations(range(len(text) + 1), 2):
        assert read([text[:one], text[one:two], text[two:]]) == (thought, said)


@given(st.lists(st.sampled_from(["<", "think>", "</", "\n", "a", "`", "```", " "]), max_size=12))
def test_no_text_is_lost_or_made_up(pieces):
    thought, said = read(pieces)
    assert (thought, said) == read(["".join(pieces)])
    whole = "".join(pieces)
    for tag in ("<think>", "</think>"):
        whole = whole.replace(tag, "")
    kept = (thought + said).replace("<think>", "").replace("</think>", "")
    assert "".join(kept.split()) == "".join(whole.split())


@pytest.mark.parametrize(
    ("protocol", "stream", "thought", "text"),
    [
        ("chat_completions", s.THOUGHT, "Ä, 🙂.", "Hällo"),
        ("chat_completions", s.TAGGED, "\nÄ <b>\n", "It is </think>."),
        (
            "anthropic_messages",
            s.MESSAGE_START + s.THINKING + s.says("Hi", index=1) + s.ends("end_turn"),
            "Let me see.",
            "Hi",
        ),
    ],
)
def test_it_stands_before_the_text_of_its_message_and_in_no_text(
    asking_model, model, protocol, stream, thought, text
):
    api = asking_model(protocol, stream, s.NO_DONE if "chat" in protocol else s.A_TEXT)
    message = api.ask("assistant", "hi")
    session_id = message["session_id"]
    said = [e for e in api.events(session_id) if e["type"] == "assistant.message_completed"]
    [block, answer] = said[0]["data"]["content"]
    assert (block["type"], block["reasoning"]) == ("reasoning", thought)
    assert answer == {"type": "text", "text": text}
    assert message["output"]["parts"] == [block, answer]
    assert api.items(session_id)[-1]["content"] == [block, answer]
    api.finished(api.send(session_id, "And?")["message"]["id"])
    # Only what is signed goes back in later turns.
    assert (thought in str(model.asked[1])) == (protocol == "anthropic_messages")
    assert text in str(model.asked[1])


def test_signed_and_hidden_thoughts_are_handed_back_as_they_came(asking_model, model):
    first = s.MESSAGE_START + s.THINKING + s.uses(1, "ls", "{}") + s.ends("tool_use")
    second = s.A_REDACTED.replace('"now"', '"ls"')
    api = asking_model("anthropic_messages", first, second, s.A_TEXT, s.A_TEXT)
    message = api.ask("assistant", "go")
    assert message["status"] == "completed"
    signed = {"type": "thinking", "thinking": "Let me see.", "signature": "EqQB"}
    hidden = {"type": "redacted_thinking", "data": "EmwK"}
    kinds = [part["type"] for part in message["output"]["parts"]]
    call = ["tool_call", "tool_result"]
    assert kinds == ["reasoning", *call, "reasoning", "reasoning", *call, "text"]
    api.finished(api.send(message["session_id"], "And?")["message"]["id"])
    for asked in model.asked[2:]:
        answers = [m["content"] for m in asked["messages"] if m["role"] == "assistant"]
        assert [b for b in answers[0] if b["type"] != "tool_use"] == [signed]
        assert [b for b in answers[1] if b["type"] != "tool_use"] == [hidden, signed]
        assert [answer[-1]["type"] for answer in answers[:2]] == ["tool_use", "tool_use"]


def test_in_its_own_turn_it_goes_back_under_the_name_by_which_it_came(asking_model, model):
    name = "reasoning_content"
    call = s.delta("tool_calls", tool_calls=[s.tool(0, "{}", id="c", name="ls")])
    first = s.delta(role="assistant", content=None, **{name: "I look."}) + call
    api = asking_model("chat_completions", first, s.NO_DONE, s.NO_DONE)
    message = api.ask("assistant", "go")
    api.finished(api.send(message["session_id"], "And?")["message"]["id"])
    _, now, later = ([m for m in a["messages"] if m["role"] == "assistant"] for a in model.asked)
    assert now[0][name] == "I look."
    assert name not in later[0]


def test_thoughts_that_are_cut_off_are_no_answer_and_stay(asking_model):
    message = asking_model("chat_completions", s.ONLY_THOUGHT).ask("assistant", "hi")
    assert message["status"] == "failed"
    assert message["output"]["parts"] == [{"type": "reasoning", "reasoning": "Hm"}]


def test_of_a_broken_try_no_thought_stays(asking_model):
    broken = s.delta(reasoning_content="Hm") + s.ERROR_IN_STREAM
    message = asking_model("chat_completions", broken, s.NO_DONE).ask("assistant", "hi")
    assert (message["status"], message["attempt"]) == ("completed", 2)
    assert message["output"]["parts"] == [{"type": "text", "text": "Hi"}]


def deltas(api, session_id, enough):
    """What a plain reader of the drafts has of each block, as it was when it had enough."""
    seen = {}
    with api.http.stream("GET", f"/sessions/{session_id}/stream?drafts=true") as answer:
        assert "reasoning" in answer.headers["dari-extensions"].split(", ")
        for line in answer.iter_lines():
            piece = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if piece.get("type") == "assistant.message_delta":
                place = piece["draft"], piece["kind"]
                seen[place] = seen.get(place, "")[: piece["offset"]] + piece["text"]
            if enough(seen):
                return seen
    raise AssertionError("the stream ended")


@pytest.mark.parametrize(
    ("pieces", "seen"),
    [
        (
            [s.delta(reasoning_content="Hm, "), s.delta(reasoning_content="well.")],
            {(0, "reasoning"): "Hm, well.", (1, "text"): "Hi"},
        ),
        (
            [s.delta(content="Hm, "), s.delta(content="well.\n</think>\n\n")],
            {(0, "text"): "Hi", (1, "reasoning"): "Hm, well.\n"},
        ),
    ],
    ids=["named", "implied"],
)
def test_it_is_a_draft_of_its_own_while_it_is_written(asking_model, model, pieces, seen):
    api = asking_model("chat_completions")
    gates = [threading.Event() for _ in range(3)]
    parts = [*pieces, s.delta(content="Hi")]
    end = s.delta("stop") + s.DONE
    may_end = threading.Event()
    model.script = [[*zip(parts, gates, strict=True), (end, may_end)]]
    message = api.send(session_id := api.create("assistant"), "hi")["message"]

    def enough(now):
        opened = "".join(now.values())
        gates[0].set()
        if "Hm, " in opened:
            gates[1].set()
        if "well." in opened:
            gates[2].set()
        return "Hi" in opened

    assert deltas(api, session_id, enough) == seen
    may_end.set()
    [block, text] = api.finished(message["id"])["output"]["parts"]
    assert (block["reasoning"], text["text"]) == (seen[next(k for k in seen if "re" in k[1])], "Hi")
