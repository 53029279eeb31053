"""Published agents: versions, files, and commands in a sandbox."""

import json

import pytest

import dari_nb as dari

MANIFEST = """\
name: coder
harness: pi
instructions: {system: prompts/system.md}
llm: {model: m, base_url: URL}
built_in_tools: [bash, read, write]
"""


@pytest.fixture
def folder(stand_in, tmp_path):
    """An agent's folder with a manifest and a prompt."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "dari.yml").write_text(MANIFEST.replace("URL", stand_in.url))
    (tmp_path / "prompts" / "system.md").write_text("You write code.\n")
    return tmp_path


@pytest.fixture
def coder(d, folder):
    return d.agents.publish(folder).agent


def use(tool: str, **arguments: object) -> str:
    """Write the prompt that makes the stand-in call a tool."""
    return f"use {tool} {json.dumps(arguments)}"


def test_publish_makes_versions_that_differ(d, folder, coder, stand_in):
    assert not d.agents.publish(folder).is_new
    (folder / "prompts" / "system.md").write_text("You write prose.\n")
    assert d.agents.publish(folder).is_new
    assert len(coder.versions()) == 2
    assert "You write prose." in str(coder.diff("v1", "v2"))
    coder.send("Hi").wait()
    assert "You write prose." in json.dumps(stand_in.requests[-1].body)


def test_publish_refuses_bad_manifest(d, folder):
    (folder / "dari.yml").write_text(MANIFEST.replace("harness: pi", "harness: 7"))
    with pytest.raises(dari.DariError) as caught:
        d.agents.publish(folder)
    assert caught.value.code
    assert "coder" not in d.agents


def test_commands_run_in_a_sandbox(coder, monkeypatch, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.txt"
    outside.write_text("not for agents")
    monkeypatch.setenv("MY_TOKEN", "not for agents")
    command = f"env; cat {outside}; echo made > new.txt; ls; (echo > /dev/tcp/1.1.1.1/80) 2>&1"
    turn = coder.send(use("bash", command=command)).wait()
    result = str(turn.tool_calls[0].result)
    assert "new.txt" in result
    assert "not for agents" not in result
    assert "unreachable" in result or "refused" in result


def test_workspace_holds_what_the_agent_made(coder, tmp_path):
    turn = coder.send(use("write", path="out/data.csv", content="a,b\n1,<b>2</b>\n")).wait()
    workspace = turn.session.workspace()
    assert workspace.read_bytes("out/data.csv") == b"a,b\n1,<b>2</b>\n"
    workspace.extract(tmp_path / "there")
    assert (tmp_path / "there" / "out" / "data.csv").read_text().startswith("a,b")
    assert "data.csv" in str(workspace)
    html = workspace._repr_mimebundle_()["text/html"]
    assert "data.csv" in html
    assert "<b>2</b>" not in html


def test_attached_file_reaches_the_agent(coder, tmp_path):
    (tmp_path / "notes.txt").write_text("Remember the milk.")
    turn = coder.send(use("bash", command="cat notes.txt"), files=[tmp_path / "notes.txt"]).wait()
    assert "Remember the milk." in str(turn.tool_calls[0].result)
