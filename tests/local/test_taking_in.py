"""Agents of another Dari that a local one offers, by the ids that they have there."""

from __future__ import annotations

import pytest

from dari_nb.errors import BadRequestError
from dari_nb.local import LocalDari, Turn
from dari_nb.models import Agent, AgentVersion
from dari_nb.resources import Dari


def version(version_id: str, **fields: object) -> AgentVersion:
    return AgentVersion.from_dict({"id": version_id, **fields})


def answer(prompt: str, turn: Turn) -> str:
    return f"{prompt} with {turn.llm_id}"


def test_an_agent_has_its_own_ids_and_what_is_told_of_it() -> None:
    manifest = {
        "harness": "pi",
        "description": "Far away.",
        "sandbox": "none",
        "llm": {"default": "large", "options": {"small": "a/b", "large": {"model": "a/c"}}},
    }
    with LocalDari(demo_agents=False) as server, Dari(server.url, server.api_key, server) as d:
        assert list(d.agents) == []
        server.take_in(Agent(id="agt_1", name="far"), version("ver_1", manifest=manifest), answer)
        far = d.agents["far"]
        assert (far.id, far.active_version_id, far.llms) == ("agt_1", "ver_1", ["small", "large"])
        turn = far.send("Hi", llm="small").wait()
        assert turn.text == "Hi with small"
        assert turn.session.resource.version_id == "ver_1"
        server.take_in(Agent(id="agt_1", name="far"), version("ver_2", manifest=manifest), answer)
        assert d.agents["far"].active_version_id == "ver_2"
        server.take_in(Agent(id="agt_2", name="far"), version("ver_3"), answer)
        assert [agent.id for agent in d.agents] == ["agt_2"]
        assert turn.session.send("Again").wait().text == "Again with small"


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [
        (version("ver_1"), True),
        (version("ver_1", manifest="?"), True),
        (version("ver_1", llms=["some"]), False),
        (version("ver_1", manifest={"llm": {"options": {"some": {}}}}), False),
    ],
)
def test_where_the_other_dari_tells_no_llms_any_is_taken(
    version: AgentVersion, is_taken: bool
) -> None:
    with LocalDari(demo_agents=False) as server, Dari(server.url, server.api_key, server) as d:
        server.take_in(Agent(id="agt_1", name="far"), version, answer)
        if is_taken:
            assert d.agents["far"].send("Hi", llm="any").wait().text == "Hi with any"
            return
        with pytest.raises(BadRequestError, match="Unknown llm_id 'any'"):
            d.client.sessions.create("agt_1", llm_id="any")
