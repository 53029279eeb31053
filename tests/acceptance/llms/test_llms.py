"""Agents backed by a language model, in both wire protocols."""

import time
from decimal import Decimal

import pytest

import dari_nb as dari

pytestmark = pytest.mark.parametrize("llm", ["openai", "anthropic"])


def test_llm_answers_with_history(d, stand_in, llm):
    turn = d.agents["assistant"].send("My name is Ada.", llm=llm).wait()
    again = turn.session.send("And now?").wait()
    assert (turn.status, again.status) == ("completed", "completed")
    assert "My name is Ada." in turn.text
    assert "And now?" in again.text
    sent = [str(message["content"]) for message in stand_in.requests[-1].body["messages"]]
    assert any("My name is Ada." in content for content in sent)


def test_llm_usage_and_cost_are_counted(d, stand_in, llm_server, llm):
    stand_in.script.append(llm_server.Answer("Hello", usage=(1_000_000, 500_000, 400_000)))
    turn = d.agents["assistant"].send("Hi", llm=llm).wait()
    deadline = time.monotonic() + 60
    while turn.cost_usd is None and time.monotonic() < deadline:  # Costs arrive late.
        time.sleep(0.01)
    names = ("input_tokens", "output_tokens", "cached_input_tokens")
    assert [turn.usage[name] for name in names] == [1_000_000, 500_000, 400_000]
    assert turn.cost_usd == Decimal("1.8")


def test_llm_answer_cut_by_length_has_stop_reason(d, stand_in, llm_server, llm):
    stand_in.script.append(llm_server.Answer("It begins", stop="length"))
    turn = d.agents["assistant"].send("Hi", llm=llm).wait()
    assert (turn.status, turn.text) == ("completed", "It begins")
    assert list(dari.messages_frame([turn.session])["stop_reason"]) == ["max_tokens"]


def test_llm_calls_kernel_function(d, llm):
    asked = []

    def stock(item: str) -> int:
        """Return how many packets are left."""
        asked.append(item)
        return 7

    clerk = d.agents.publish_prompt("clerk", "Be brief.", llm=llm, tools=[stock]).agent
    turn = clerk.send('use stock {"item": "tea"}', tools=[stock], approve="always")
    turn.wait()
    assert asked == ["tea"]
    assert [(call.tool_name, call.result) for call in turn.tool_calls] == [("stock", 7)]
    assert "7" in turn.text


def test_refused_call_is_an_error_for_llm(d, stand_in, llm):
    def stock(item: str) -> int:
        """Return how many packets are left."""
        raise AssertionError("It ran.")

    clerk = d.agents.publish_prompt("clerk", "Be brief.", llm=llm, tools=[stock]).agent
    prompt = 'use stock {"item": "tea"}'
    turn = clerk.send(prompt, tools=[stock], approve=lambda name, arguments: False).wait()
    assert [call.is_error for call in turn.tool_calls] == [True]
    result = stand_in.requests[-1].body["messages"][-1]
    assert "error" in str(result).lower()


def test_llm_error_is_retried_then_fails_with_code(d, stand_in, llm_server, llm):
    stand_in.script.append(llm_server.Answer(status=500, error={"message": "overloaded"}))
    assert d.agents["assistant"].send("Hi", llm=llm).wait().status == "completed"
    stand_in.script += [llm_server.Answer(status=400, error={"message": "bad"})] * 9
    failed = d.agents["assistant"].send("Hi", llm=llm).wait()
    assert failed.status == "failed"
    assert "bad" in failed.error
    stand_in.script.clear()
    assert "Again?" in failed.session.send("Again?").wait().text


def test_llm_cut_answer_is_not_completed(d, stand_in, llm_server, llm):
    stand_in.script += [llm_server.Answer("It begins", fault="cut")] * 9
    assert d.agents["assistant"].send("Hi", llm=llm).wait().status == "failed"
