"""How an LLM answers is part of its settings, and of what a batch is found by."""

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari


def test_options_are_sent_to_any_server(stand_in, call):
    options = {"temperature": 0, "top_p": 0.5, "seed": 3, "max_tokens": 9, "system": "Be a cat."}
    llm = {"model": "rule", "base_url": stand_in.url, "options": options}
    with LocalDari(llms={"it": llm}, cost_delay=0.0) as server, call(server) as api:
        api.ask("assistant", "Hello?")
        manifest = server._registry._manifests["assistant"]
    [request] = [asked.body for asked in stand_in.requests]
    assert {key: request[key] for key in ("temperature", "top_p", "seed", "max_tokens")} == {
        key: value for key, value in options.items() if key != "system"
    }
    assert request["messages"][0] == {"role": "system", "content": "Be a cat."}
    assert manifest["llm"]["options"]["it"]["options"] == options


@pytest.mark.parametrize("agent", ["assistant", "echo"])
def test_a_batch_with_other_options_is_another_run(stand_in, agent):
    def llm(seed):
        return {"it": {"model": "rule", "base_url": stand_in.url, "options": {"seed": seed}}}

    with LocalDari(llms=llm(1)) as server:
        server.agent("echo", llms=["it"])(lambda prompt: prompt)
        with dari.Dari(server.url, server.api_key, server) as d:
            plans = [d.batches.run(agent, ["a"], ["it"], dry_run=True).run_id for _ in range(2)]
            server.add_llms(llm(2))
            plans.append(d.batches.run(agent, ["a"], ["it"], dry_run=True).run_id)
        assert plans[0] == plans[1] != plans[2]
