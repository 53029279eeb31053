"""What holds with any LLM server behind a session: the stand-in, and one that is named.

``DARI_NB_TEST_LLM_URL=http://127.0.0.1:8080/v1 pytest tests/local/llm/test_any_server.py`` runs the
same against a server of chat completions; ``DARI_NB_TEST_LLM_MODEL`` names a model of it, else its
first one is taken.
"""

import os

import httpx
import pytest

URL = os.environ.get("DARI_NB_TEST_LLM_URL")


@pytest.fixture(params=["stand-in", *([URL] if URL else [])])
def url(request, stand_in):
    return stand_in.url if request.param == "stand-in" else request.param


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def settings(request, url):
    model = os.environ.get("DARI_NB_TEST_LLM_MODEL")
    model = model or httpx.get(f"{url}/models").json()["data"][0]["id"]
    return {"model": model, "base_url": url, "max_output_tokens": 200, "stream": request.param}


def text_of(message):
    """What was said; a small model may go on until it is cut off, and has answered all the same."""
    assert message["status"] == "completed", message
    return "".join(part["text"] for part in message["output"]["parts"])


def used(api, message):
    changes = [e["data"] for e in api.events(message["session_id"]) if "usage" in e["data"]]
    return changes[-1]["usage"] if changes else {}


def test_a_session_is_driven_and_remembers(serve, publish, settings):
    api = serve(prices={settings["model"]: {"input": "1", "output": "2"}}, llms={"it": settings})
    publish(api, "plain", "{model: it}")
    first = api.ask("plain", "Say hello.")
    assert text_of(first).strip()
    second = api.finished(api.send(first["session_id"], "And again.")["message"]["id"])
    assert text_of(second).strip()
    cost = api.get(f"/costs/sessions/{first['session_id']}")
    assert cost["event_count"] == 2
    tokens = used(api, second)
    # Not every server counts what it streams; then the cost is unknown, not guessed.
    assert tokens or settings["stream"]
    assert (float(cost["total_cost_usd"]) > 0) == bool(tokens)
    if tokens:
        before = api.events(first["session_id"])
        counted = [e["data"]["usage"] for e in before if "usage" in e["data"]]
        assert counted[1]["input_tokens"] > counted[0]["input_tokens"] > 0
        assert counted[0]["output_tokens"] > 0


def test_a_server_that_goes_away_fails_a_turn_and_the_next_recovers(
    serve, publish, settings, tcp_proxy
):
    proxy = tcp_proxy(settings["base_url"])
    api = serve(llms={"it": settings | {"base_url": f"{proxy.url}/v1"}})
    publish(api, "plain", "{model: it}")
    proxy.refusing = True
    failed = api.ask("plain", "Say hello.")
    assert (failed["status"], failed["attempt"]) == ("failed", 3)
    assert f"{proxy.url}/v1: it cannot be reached" in failed["output"]["error"]
    proxy.refusing = False
    again = api.finished(api.send(failed["session_id"], "Say hello.")["message"]["id"])
    assert text_of(again).strip()
