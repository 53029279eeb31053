"""Functions that an agent's model cannot call, since nobody tells it of them."""

import pytest

from dari_nb import connect
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari

LLMS = {"m": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}}
TOLD = r"not offered weather.* --tools weather.*Nothing was sent"


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"rain in {city}"


@pytest.fixture
def d():
    with LocalDari(llms=LLMS) as server:
        yield connect(base_url=server.url, api_key=server.api_key)


def test_a_function_that_the_model_is_not_told_of_is_refused_before_anything_is_sent(d):
    assistant = d.agents["assistant"]
    with pytest.raises(InvalidRequestError, match=TOLD):
        assistant.send("What is the weather?", tools=[weather], approve="always")
    with pytest.raises(InvalidRequestError, match=TOLD):
        assistant.start(tools=[weather])
    with pytest.raises(InvalidRequestError, match=TOLD):
        assistant.chat(tools=[weather])
    with pytest.raises(InvalidRequestError, match=TOLD):
        d.batches.run(assistant, ["What is the weather?"], tools=[weather], approve="always")
    assert not d.sessions.list()
    session = assistant.start()
    with pytest.raises(InvalidRequestError, match=TOLD):
        session.send("What is the weather?", tools=[weather])
    assert not session.messages()


def test_an_agent_that_was_published_with_it_takes_it_and_no_other(d):
    published = d.agents.publish_prompt("sailor", "Be brief.", llm="m", tools=[weather]).agent
    assert not published.start(tools=[weather]).messages()

    def tides(day: str) -> str:
        """Tell the tides of a day."""
        return day

    with pytest.raises(InvalidRequestError, match=r"not offered tides \(but weather\)"):
        published.send("And the tides?", tools=[weather, tides])
