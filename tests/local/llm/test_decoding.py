import asyncio
import json
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.local import Reasoning
from dari_nb.local.llm.protocols.anthropic_messages import AnthropicMessagesDecoder
from dari_nb.local.llm.protocols.chat_completions import ChatCompletionsDecoder
from dari_nb.local.llm.protocols.decoding import MAX_EVENT, error_text
from dari_nb.local.llm.reply import AskedCall, OpenReply, Reply, Tokens
from dari_nb.local.llm.trouble import BrokenStream, ProviderTrouble

_SPEC = spec_from_file_location("streams", Path(__file__).with_name("streams.py"))
s = module_from_spec(_SPEC)
_SPEC.loader.exec_module(s)


def says(text="", *calls, stop="end", tokens=None, thought=()):
    asked = tuple(AskedCall(name, arguments) for name, arguments in calls)
    thoughts = tuple(Reasoning(text, provider) for text, provider in thought)
    return Reply(text, asked, stop, Tokens(*tokens) if tokens else None, thoughts)


ADDED = [("add", '{"a": 1, "b": 2} '), ("look_up", '{"word": "ü"}')]
TWO = [("add", '{"a": 1}'), ("add", '{"a": 2}')]
CONTENT = "reasoning_content"
COMPLETIONS = {
    "TEXT": says("Hällo 🙂", tokens=(31, 7)),
    "CARRIAGE_RETURNS": says("Hällo 🙂", tokens=(31, 7)),
    "KEEP_ALIVE": says("Hi"),
    "NO_DONE": says("Hi"),
    "ONLY_DONE": says("Hi"),
    "NO_BLANK_LINE": says("Hi", tokens=(31, 7)),
    "CUT_BY_LENGTH": says("Hi", stop="length"),
    "FILTERED": says(stop="refusal"),
    "REFUSED": says("I can't.", stop="refusal"),
    "PARALLEL": says("", *ADDED, tokens=(31, 7, 16)),
    "WHOLE_CALLS": says("", *TWO),
    "NO_INDEX": says("", *TWO),
    "BLOCKS": says("Hi"),
    "HALF_CHARACTERS": says("🙂"),
    "THOUGHT": says("Hällo", tokens=(31, 7, 0, 5), thought=[("Ä, 🙂.", {"field": CONTENT})]),
    "THOUGHT_ELSEWHERE": says("Hi", thought=[("Hm, well.", {"field": "reasoning"})]),
    "THOUGHT_IN_DETAILS": says("Hi", thought=[("Hm, well.", {"field": "reasoning"})]),
    "THOUGHT_TWICE": says("Hi", thought=[("Hm.", {"field": CONTENT})]),
    "TAGGED": says("It is </think>.", thought=[("\nÄ <b>\n", None)]),
    "TAG_IMPLIED": says("Hi", thought=[("Let me see.\n", None)]),
    "TAG_MEANT": says("The tag </think> ends it."),
    "ONLY_THOUGHT": says(stop="length", thought=[("Hm", None)]),
}
MESSAGES = {
    "A_TEXT": says("Hällo 🙂", tokens=(31, 7, 6)),
    "A_TOOLS": says(
        "I look.",
        (ADDED[0][0], '{"a": 1, "b": 2}'),
        ADDED[1],
        tokens=(31, 7, 6),
        thought=[("Let me see.", {"signature": "EqQB"})],
    ),
    "A_REDACTED": says(
        "",
        ("now", ""),
        tokens=(31, 7, 6),
        thought=[("", {"redacted": "EmwK"}), ("Let me see.", {"signature": "EqQB"})],
    ),
    "A_NO_ARGUMENTS": says("", ("now", ""), tokens=(31, 7, 6)),
    "A_NEW_TYPES": says("Hi", tokens=(31, 7, 6)),
    "A_LENGTH": says("Hi", stop="length", tokens=(31, 7, 6)),
    "A_REFUSAL": says(stop="refusal", tokens=(31, 7, 6)),
}
GOOD = [
    *((ChatCompletionsDecoder, name, reply) for name, reply in COMPLETIONS.items()),
    *((AnthropicMessagesDecoder, name, reply) for name, reply in MESSAGES.items()),
]
BROKEN = [
    (ChatCompletionsDecoder, "ERROR_IN_STREAM", "it reported: gone"),
    (ChatCompletionsDecoder, "GARBAGE", "its stream holds what is no JSON"),
    (ChatCompletionsDecoder, "CUT", "its stream ended before the answer did"),
    (ChatCompletionsDecoder, "NOTHING", "its stream ended before the answer did"),
    (AnthropicMessagesDecoder, "A_ERROR", "it reported: Overloaded"),
    (AnthropicMessagesDecoder, "A_CUT", "its stream ended before the answer did"),
]
NAMES = [name for _, name, _ in GOOD]


def decoded(decoder, pieces):
    async def stream():
        for piece in pieces:
            yield piece

    async def last():
        return [piece async for piece in decoder().read(stream())][-1]

    return asyncio.run(last())


def cut(data, places):
    bounds = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@pytest.mark.parametrize(("decoder", "name", "reply"), GOOD, ids=NAMES)
def test_a_stream_is_read_byte_by_byte(decoder, name, reply):
    data = getattr(s, name).encode()
    assert decoded(decoder, [data[i : i + 1] for i in range(len(data))]) == reply


@given(chosen=st.sampled_from(GOOD), places=CUTS)
def test_the_cuts_between_bytes_change_nothing(chosen, places):
    decoder, name, reply = chosen
    assert decoded(decoder, cut(getattr(s, name).encode(), places)) == reply


@given(chosen=st.sampled_from(BROKEN), places=CUTS)
def test_trouble_is_the_same_whatever_the_cuts(chosen, places):
    decoder, name, text = chosen
    with pytest.raises(ProviderTrouble, match=text) as raised:
        decoded(decoder, cut(getattr(s, name).encode(), places))
    assert raised.value.may_pass
    assert raised.value.begun


@given(data=st.binary(max_size=300), places=CUTS)
def test_any_bytes_give_a_reply_or_trouble_and_the_same_however_they_are_cut(data, places):
    def outcome(pieces):
        try:
            return decoded(ChatCompletionsDecoder, pieces)
        except ProviderTrouble as trouble:
            return str(trouble)

    assert outcome(cut(b"data: " + data, places)) == outcome([b"data: " + data])


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    ),
    kind=st.sampled_from(["choices", "usage", "error", "delta", "tool_calls", "message", "index"]),
    decoder=st.sampled_from([ChatCompletionsDecoder, AnthropicMessagesDecoder]),
)
def test_no_shape_of_json_is_more_than_trouble(value, kind, decoder):
    shapes = [
        {kind: value},
        {"type": value, kind: value},
        {"choices": [{kind: value, "finish_reason": value}, value]},
        {"choices": [{"delta": {kind: value, "content": value}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": value, kind: value}, value]}}]},
        {"type": "message_delta", "delta": value, "usage": value},
        {"type": "content_block_start", "index": value, "content_block": value},
        {"type": "content_block_delta", "index": value, "delta": {"type": value, "text": value}},
        {"type": "message", "content": value, "usage": {"input_tokens": value}},
    ]
    for shape in shapes:
        try:
            decoded(decoder, [f"data: {json.dumps(shape)}\n\n".encode()])
        except ProviderTrouble:
            continue


def test_marks_line_ends_and_separators_in_a_stream_change_nothing():
    text = s.delta(content="a|b").replace("|", "\u2028\u0085") + s.delta("stop") + s.DONE
    for end in ("\n", "\r", "\r\n"):
        data = ("\ufeff" + text.replace("\n", end)).encode()
        for size in (1, 3, len(data)):
            pieces = [data[i : i + size] for i in range(0, len(data), size)]
            assert decoded(ChatCompletionsDecoder, pieces).text == "a\u2028\u0085b"


def test_what_comes_after_the_end_is_not_looked_at():
    assert decoded(ChatCompletionsDecoder, [(s.TEXT + s.GARBAGE).encode()]).text == "Hällo 🙂"
    assert decoded(AnthropicMessagesDecoder, [(s.A_TEXT + s.A_ERROR).encode()]).text == "Hällo 🙂"


def test_an_answer_that_was_not_streamed_is_read_too():
    message = {"role": "assistant", "content": "Hi", "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    reply = ChatCompletionsDecoder().whole(json.dumps(body).encode())
    assert reply == says("Hi", tokens=(3, 1))
    content = [{"type": "text", "text": "Hi"}]
    content += [{"type": "tool_use", "id": "t", "name": "add", "input": {"a": 1}}]
    body = {"type": "message", "content": content, "stop_reason": "tool_use"}
    reply = AnthropicMessagesDecoder().whole(json.dumps(body).encode())
    assert reply == says("Hi", ("add", '{"a": 1}'))


def test_an_event_without_end_and_an_answer_without_end_are_stopped():
    for piece in (b"x" * 65536, b"data:" + b"x" * 65536 + b"\n"):
        with pytest.raises(BrokenStream, match="too large"):
            decoded(ChatCompletionsDecoder, [piece] * (MAX_EVENT // 65536 + 2))
    with pytest.raises(ProviderTrouble, match="more than"):
        repeat(OpenReply().add_text, "x" * 65536, 200)


def repeat(take, piece, times):
    for _ in range(times):
        take(piece)


@pytest.mark.parametrize(
    ("text", "value"),
    [("", {}), (" ", {}), ("{}", {}), ('{"a": [1, "ü"]}', {"a": [1, "ü"]})],
)
def test_arguments_are_read(text, value):
    assert AskedCall("f", text).parsed() == value


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", "null", '"{}"', '{"a": NaN}', '{"a": "\\ud800"}', '{"a":' * 150 + "1" + "}" * 150],
)
def test_arguments_that_no_ledger_can_hold_are_malformed(text):
    with pytest.raises(ValueError, match="arguments"):
        AskedCall("f", text).parsed()


@pytest.mark.parametrize(
    "told",
    [
        {"error": {"message": "no", "type": "x"}},
        {"error": "no"},
        {"type": "error", "error": {"type": "x", "message": "no"}},
        {"detail": "no"},
        {"message": "no"},
        "no",
    ],
)
def test_errors_of_all_usual_shapes_have_a_text(told):
    assert error_text(told) == "no"
