"""Publishing from Python, and versions: read, compared, pinned by sessions and batches."""

import json

import pytest

from dari_nb import errors
from dari_nb.client import Bundle

MODEL = "openai/gpt-5.5"


def publish(d, prompt="Be brief.", **options):
    return d.agents.publish_prompt("helper", prompt, **{"llm": MODEL, **options})


def test_versions_are_listed_with_the_active_one_marked(d):
    first, second = publish(d).version, publish(d, "Be long.").version
    listed = d.agents.get("helper").versions()
    assert [(version.id, version.is_active) for version in listed] == [
        (second.id, True),
        (first.id, False),
    ]
    shown = listed.to_mimebundle()["text/plain"].splitlines()
    assert shown[0].split() == ["version", "active", "created", "size", "id"]
    assert [line.split()[0] for line in shown[1:]] == ["v2", "v1"]
    assert "✓" in shown[1]
    assert repr(second) == f"<Version v2 {second.id} of helper active>"


def test_versions_are_named_by_their_numbers_wherever_one_is_taken(d, tmp_path):
    first, second = publish(d).version, publish(d, "Be long.").version
    agent = d.agents["helper"]
    assert [agent.version(name).id for name in (1, "1", "v1", first.id, first)] == [first.id] * 5
    assert agent.versions()["v2"].id == agent.version().id == second.id
    assert [version.number for version in agent.versions()] == [2, 1]
    assert str(agent.diff(1, 2)).startswith("helper · v1 → v2 · ")
    assert [agent.start(version=one).resource.version_id for one in (1, "1")] == [first.id] * 2
    batch = d.batches.run("helper", ["a"], versions=["1", "v2"], scores_path=tmp_path / "s.jsonl")
    assert [column.version for column in batch.columns] == [first.id, second.id]
    assert [column.label for column in batch._snapshot().columns] == ["v1", "v2"]
    assert [column.about for column in batch._snapshot().columns] == ["", "“long.”"]
    frame = agent.versions().to_frame()
    assert frame[["version_id", "number", "is_active"]].values.tolist() == [
        [second.id, 2, True],
        [first.id, 1, False],
    ]
    for name in (3, "v3", 0):
        with pytest.raises(errors.InvalidRequestError, match="there is no 'v"):
            agent.version(name)


def test_a_versions_files_manifest_and_prompt_can_be_read(d):
    version = publish(d, manifest={"built_in_tools": []}).version
    assert [file.path for file in version.files()] == ["dari.yml", "prompts/system.md"]
    assert version.files().to_mimebundle()["text/plain"].splitlines()[2].endswith("  10 B")
    assert version.system_prompt == version.read("prompts/system.md") == "Be brief.\n"
    assert version.manifest["llm"] == {"model": MODEL}
    assert version.manifest["built_in_tools"] == []
    assert version.to_dict()["archive_sha256"] == version.resource.archive_sha256
    with pytest.raises(errors.NotFoundError):
        version.read("nothing")
    with pytest.raises(errors.NotFoundError):
        d.agents.get("helper").version("ver_0")


def test_an_agent_that_is_a_function_has_a_manifest_and_no_files(d):
    version = d.agents.get("calculator").version()
    assert version.files() == []
    assert version.manifest["harness"] == "local"
    assert version.system_prompt is None
    assert version.llms == ["small", "large"]


def test_an_agents_prompt_without_a_bundle_is_read_too(d, server):
    server.add_llms({"tiny": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}})
    assert d.agents.get("assistant").version().system_prompt.startswith("You are")


def test_two_versions_are_compared_by_object_or_id(d):
    first, second = publish(d).version, publish(d, "Be long.").version
    agent = d.agents.get("helper")
    diff = agent.diff(first.id, second)
    assert (diff.changed, diff.added, diff.removed, diff.same) == (["prompts/system.md"], [], [], 1)
    assert str(diff) == str(first.diff(second)) == str(agent.diff(first))
    assert "-Be brief." in str(diff)
    assert repr(diff) == "<VersionDiff: 0 added, 0 removed, 1 changed>"
    assert set(diff._repr_mimebundle_()) == {"text/html", "text/markdown", "text/plain"}
    assert not agent.diff(second, second)


def test_a_function_that_gets_a_prompt_shows_the_manifests_difference(d, server):
    @server.agent("helper")
    def helper(prompt):
        return prompt

    diff = publish(d).diff
    assert (diff.changed, diff.added) == (["dari.yml"], ["prompts/system.md"])
    assert "-harness: local" in str(diff)


def test_unchanged_means_the_same_archive(d):
    first = publish(d)
    sha256 = first.version.resource.archive_sha256
    again = publish(d)
    assert (again.is_new, again.version.id) == (False, first.version.id)
    prompt, manifest = (first.version.contents()[p] for p in ("prompts/system.md", "dari.yml"))
    written = Bundle.from_files({"prompts/system.md": prompt, "dari.yml": manifest})
    assert written.sha256 == sha256
    assert repr(again) == "<Published helper: unchanged, still v1>"


def test_an_agent_is_published_under_its_id_too(d):
    first = publish(d)
    again = d.agents.publish_prompt(first.agent.id, "Be long.", llm=MODEL)
    assert again.agent.id == first.agent.id
    assert again.diff.versions == (first.version.id, again.version.id)
    assert again.version.manifest["name"] == "helper"


def test_tools_without_a_description_of_their_own_and_with_defaults_are_declared(d):
    def pick(options: list[str], count: int = 1) -> str:
        return options[0]

    version = publish(d, tools=pick).version
    schema = json.loads(version.read("tools/pick/input.json"))
    assert schema["required"] == ["options"]
    assert schema["properties"]["count"]["default"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": " "}, "system prompt is empty"),
        ({"llm": []}, "Which LLM"),
        ({"llm": {"modle": "x"}}, r"llm\.modle: .*mean model"),
        ({"manifest": {"llm": {"model": "x"}}}, "given twice"),
        ({"tools": [3]}, "A tool is a function"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(d, options, message):
    given = {"agent": "helper", "prompt": "Hi", "llm": MODEL, **options}
    with pytest.raises(errors.InvalidRequestError, match=message):
        d.agents.publish_prompt(**given)
    assert "helper" not in [agent.name for agent in d.agents.list()]


def test_sessions_keep_the_version_they_are_started_with(d, server):
    @server.agent("helper")
    def helper(prompt):
        return prompt

    old = publish(d, llm=["openai/small", "openai/large"]).version
    publish(d, "Be long.", llm=["openai/huge", "openai/giant"])
    agent = d.agents.get("helper")
    made = [
        agent.send("x", version=old).session,
        agent.start(version=old.id),
        d.sessions.create("helper", version=old, llm="small"),
    ]
    assert {session.resource.version_id for session in made} == {old.id}
    with pytest.raises(errors.InvalidRequestError, match="it has: small, large"):
        agent.send("x", version=old, llm="huge")
    with pytest.raises(errors.NotFoundError):
        agent.send("x", version="ver_0")


def test_a_local_llm_is_published_with_its_address_and_never_its_key(d, server):
    server.add_llms(
        {
            "open": {"model": "m", "base_url": "http://127.0.0.1:9/v1"},
            "locked": {"model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key": "sk-hush"},
        }
    )
    version = publish(d, llm=None).version
    assert version.manifest["llm"] == {
        "default": "open",
        "options": {
            "open": {"model": "m", "base_url": "http://127.0.0.1:9/v1"},
            "locked": {
                "model": "m",
                "base_url": "http://127.0.0.1:9/v1",
                "api_key_secret": "LOCKED_LLM_KEY",
            },
        },
    }
    states = {row.name: row.state for row in d.llms(d.agents.get("helper"))[:2]}
    assert states == {"open": "does not answer", "locked": "does not answer"}


def test_what_an_agent_asks_is_told_with_what_is_known_of_it(d, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    publish(d)
    agent = d.agents.get("helper")
    assert [(row.name, row.model, row.state) for row in d.llms(agent)] == [
        (MODEL, MODEL, "has no key")
    ]
    d.client.credentials.put("OPENAI_API_KEY", "sk-hush")
    assert d.llms(agent)[0].state == "has a key"
    assert {row.state for row in d.llms(d.agents.get("echo"))} == {"a function answers"}
    assert d.llms() == []


def test_an_agent_of_a_prompt_calls_the_functions_it_was_published_with(d, server, stand_ins):
    def double(number: int) -> int:
        """Double a number."""
        return 2 * number

    with stand_ins.StandIn() as model:
        server.add_llms({"rule": {"model": "m", "base_url": model.url}})
        agent = publish(d, llm="rule", tools=[double], manifest={"built_in_tools": []}).agent
        turn = agent.send('use double {"number": 21}', tools=[double], approve="always").wait(120)
        offered = model.requests[0].body["tools"]
    assert [tool["function"]["name"] for tool in offered] == ["double"]
    assert [(call.tool_name, call.result) for call in turn.tool_calls] == [("double", 42)]
