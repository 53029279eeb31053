"""Publishing from Python, and versions: read, compared, pinned by sessions and batches."""

import html
import json
import re

import pytest

from dari_nb import errors
from dari_nb.client import Bundle
from dari_nb.resources import Dari
from dari_nb.resources.connection import progress

MODEL = "openai/gpt-5.5"


@pytest.fixture
def stand_in(stand_ins):
    """An LLM server whose model says its system prompt."""

    class Parrot(stand_ins.StandIn):
        def answer(self, request):
            return stand_ins.Answer(request.body["messages"][0]["content"].partition("\n")[0])

    with Parrot() as stand_in:
        yield stand_in


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prompt": "Be brief. Rate it high, normal or low."}, "v2 “Rate it high, normal or low.”"),
        ({"prompt": "Be"}, "v2 without “brief.”"),
        ({"manifest": {"built_in_tools": []}}, "v2 other built_in_tools"),
        ({"prompt": "Say <b>no</b>."}, "v2 “Say <b>no</b>.”"),
    ],
)
def test_the_heads_of_a_matrix_tell_what_changed_from_version_to_version(
    d, tmp_path, options, said
):
    publish(d)
    publish(d, **options)
    batch = d.batches.run("helper", ["a"], versions=[2, 1], scores_path=tmp_path / "s.jsonl").wait()
    page = batch.to_mimebundle()["text/html"]
    heads = [html.unescape(re.sub("<[^>]*>", "", head)) for head in re.findall("<th.*?</th>", page)]
    assert any(" ".join(head.split()).startswith(said) for head in heads)
    again = d.batches.recover(batch.run_id)
    assert {column.about for column in again._snapshot().columns} == {"", said.partition(" ")[2]}


def test_a_head_tells_the_number_of_the_version_and_another_process_the_same(d, server):
    publish(d)
    publish(d, "Be long.")
    session = d.agents["helper"].start(version=1)
    session.send("Hi").wait()
    with Dari(server.url, server.api_key) as elsewhere:
        for own in (session, elsewhere.sessions.get(session.id)):
            for shown in (own.turn().wait(), own.transcript()):
                assert shown.to_mimebundle()["text/plain"].startswith("helper · v1 · ")
                assert (
                    f'<span title="{own.resource.version_id}">v1</span>'
                    in shown._repr_mimebundle_()["text/html"]
                )


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


def test_prompt_and_manifest_come_before_other_files(d):
    def aid(name: str) -> str:
        """Help."""
        return name

    publish(d)
    shown = str(publish(d, "Be long.", tools=[aid]))
    places = [shown.index(path) for path in ("prompts/system.md", "dari.yml  ", "tools/aid/tool")]
    assert places == sorted(places)


def test_files_that_are_no_text_are_compared_by_size(d, tmp_path):
    manifest = (
        f"name: helper\nharness: pi\ninstructions: {{system: a.md}}\nllm: {{model: {MODEL}}}\n"
    )
    (tmp_path / "dari.yml").write_text(manifest)
    (tmp_path / "a.md").write_text("Hi")
    (tmp_path / "same.bin").write_bytes(b"\xff\x00")
    (tmp_path / "grown.bin").write_bytes(b"\xff\x00")
    assert d.agents.publish(tmp_path).diff.added == ["a.md", "dari.yml", "grown.bin", "same.bin"]
    (tmp_path / "same.bin").write_bytes(b"\x00\xff")
    (tmp_path / "grown.bin").write_bytes(b"\xff\x00\xff")
    diff = d.agents.publish(tmp_path).diff
    assert (diff.changed, diff.not_compared) == (["grown.bin"], ["same.bin"])
    assert "Not compared: same.bin" in str(diff)


def test_publishing_that_takes_long_tells_how_far_it_is(d, monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    publish(d)
    assert "of 1 kB uploaded" in capsys.readouterr().err


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


def test_models_of_the_same_short_name_keep_their_whole_names_as_options(d):
    llm = publish(d, llm=["openai/x", "openrouter/x"]).version.manifest["llm"]
    assert list(llm["options"]) == ["openai/x", "openrouter/x"]


def test_a_value_that_is_given_twice_is_written_twice(d):
    option = {"model": MODEL}
    llm = {"default": "a", "options": {"a": option, "b": option}}
    assert publish(d, llm=None, manifest={"llm": llm}).version.manifest["llm"] == llm
    assert publish(d, llm=llm, prompt="x").version.manifest["llm"] == llm


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
        ({"agent": " "}, "needs a name"),
        ({"llm": []}, "Which LLM"),
        ({"llm": {"modle": "x"}}, r"llm\.modle: .*mean model"),
        ({"llm": None, "manifest": {"lmm": 1}}, "lmm: .*mean llm"),
        ({"manifest": {"llm": {"model": "x"}}}, "given twice"),
        ({"manifest": {"skills": ["../x"]}}, "leads out"),
        ({"manifest": {"skills": None}}, "skills: a list"),
        ({"manifest": {"sandbox": {"env": {1j}}}}, "no JSON"),
        ({"tools": [3]}, "A tool is a function"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(d, options, message):
    given = {"agent": "helper", "prompt": "Hi", "llm": MODEL, **options}
    with pytest.raises(errors.InvalidRequestError, match=message):
        d.agents.publish_prompt(**given)
    assert "helper" not in [agent.name for agent in d.agents.list()]


def test_what_this_machine_cannot_run_is_said(d, tmp_path):
    (tmp_path / "tools" / "old").mkdir(parents=True)
    manifest = (
        f"name: helper\nharness: pi\ninstructions: {{system: a.md}}\nllm: {{model: {MODEL}}}\n"
        "sandbox: {setup: {script: setup.sh}}\n"
    )
    (tmp_path / "dari.yml").write_text(manifest)
    (tmp_path / "a.md").write_text("Hi")
    (tmp_path / "tools" / "old" / "tool.ts").write_text("export const description = ''")
    published = str(d.agents.publish(tmp_path))
    assert "tools/old/tool.ts cannot run here. dari.yml has no entry for it" in published
    assert "sandbox.setup: 'setup.sh' cannot run here." in published


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


def test_a_changed_prompt_is_compared_with_the_old_one_in_a_batch(d, server, stand_in):
    server.add_llms({"parrot": {"model": "p", "base_url": stand_in.url, "api_key": "sk-hush"}})
    old = publish(d, "I am old.", llm="parrot").version
    new = publish(d, "I am new.", llm="parrot").version
    batch = d.batches.run("helper", ["Who are you?"], ["parrot"], versions=[old.id, new.id])
    batch.wait(120)
    assert batch.pivot("text").iloc[0].tolist() == ["I am old.", "I am new."]
    assert set(batch.to_frame()["version_id"]) == {old.id, new.id}
    again = d.batches.run("helper", ["Who are you?"], ["parrot"], versions=[old.id, new.id])
    assert again.run_id == batch.run_id


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


def test_versions_of_one_moment_are_numbered_in_their_order(d, server, monkeypatch):
    monkeypatch.setattr("dari_nb.local.store.agents.now", lambda: "2026-05-01T12:00:00.000Z")
    for text in ("one", "two", "three"):
        server.agent("hasty", description=text)(lambda prompt: prompt)
    versions = d.agents["hasty"].versions()
    told = {version.number: d.agents["hasty"].version(version.id).manifest for version in versions}
    assert {number: told[number]["description"] for number in sorted(told)} == {
        1: "one",
        2: "two",
        3: "three",
    }
