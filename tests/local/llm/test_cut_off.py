"""An answer that its limit of tokens cuts off is an answer, and tells so."""

import pytest

LIMIT = 40
CALL = [("ls", {"path": "."})]


@pytest.fixture(params=["chat_completions", "anthropic_messages"])
def api(request, serve, stand_in):
    llm = {"model": "small", "base_url": stand_in.url, "options": {"max_tokens": LIMIT}}
    if request.param == "anthropic_messages":
        llm["provider"] = "anthropic"
    return serve(llms={"small": llm})


def ending(message):
    output = message["output"]
    return {name: output.get(name) for name in ("error", "stop_reason", "max_tokens")}


def cut(stand_ins, text="", tokens=LIMIT, **more):
    return stand_ins.Answer(text, stop="length", usage=(100, tokens, 0), **more)


def test_it_completes_its_turn_and_tells_what_cut_it_off(api, stand_ins, stand_in):
    stand_in.script = [cut(stand_ins, "I begin")]
    message = api.ask("assistant", "hi")
    assert message["status"] == "completed"
    assert message["output"]["parts"] == [{"type": "text", "text": "I begin"}]
    limit = {"stop_reason": "max_tokens", "max_tokens": LIMIT}
    assert ending(message) == {"error": None, **limit}
    events = api.events(message["session_id"])
    [said] = [e["data"] for e in events if e["type"] == "assistant.message_completed"]
    assert said == {"content": [{"type": "text", "text": "I begin"}], **limit}
    item = api.items(message["session_id"])[-1]
    assert item["status"] == "completed"
    assert {name: item[name] for name in limit} == limit
    session = f"/sessions/{message['session_id']}"
    assert api.get(session)["last_message_stop_reason"] == "max_tokens"
    # The conversation goes on from there.
    later = api.finished(api.send(message["session_id"], "Go on")["message"]["id"])
    assert ending(later) == {"error": None, "stop_reason": None, "max_tokens": None}
    assert "stop_reason" not in later["output"]
    assert "last_message_stop_reason" not in api.get(session)
    assert "I begin" in str(stand_in.requests[-1].body["messages"])


def test_a_model_that_had_room_for_less_was_not_cut_off_by_the_setting(api, stand_ins, stand_in):
    stand_in.script = [cut(stand_ins, "I begin", LIMIT // 2)]
    message = api.ask("assistant", "hi")
    assert message["status"] == "completed"
    assert ending(message) == {"error": None, "stop_reason": "max_tokens", "max_tokens": None}


def test_one_without_a_text_is_none(api, stand_ins, stand_in):
    stand_in.script = [cut(stand_ins, calls=CALL), cut(stand_ins, " \n")]
    stand_in.script[0].stop = None
    message = api.ask("assistant", "hi")
    assert message["status"] == "failed"
    assert "max_tokens" in message["output"]["error"]


def test_in_the_middle_of_a_call_nothing_can_go_on(api, stand_ins, stand_in):
    stand_in.script = [cut(stand_ins, "I look.", calls=CALL)]
    message = api.ask("assistant", "hi")
    assert message["status"] == "failed"
    assert message["output"]["parts"] == [{"type": "text", "text": "I look."}]
    assert "stop_reason" not in message["output"]


def test_one_that_is_too_long_to_be_kept_leaves_what_fits(api, stand_ins, stand_in, monkeypatch):
    monkeypatch.setattr("dari_nb.local.llm.reply.MAX_CHARACTERS", 30)
    stand_in.script = [stand_ins.Answer("word " * 20)]
    message = api.ask("assistant", "hi")
    assert message["status"] == "failed"
    [part] = message["output"]["parts"]
    assert ("word " * 20).startswith(part["text"])
    assert part["text"]
