"""``%%dari_publish`` in a real shell."""

import pytest
from IPython.core.error import UsageError

CELL = """\
%%dari_publish helper {options}
---
llm: {{model: openai/gpt-5.5}}
built_in_tools: [read]
---
{prompt}
"""


def cell(prompt="Be brief.", options=""):
    return CELL.format(prompt=prompt, options=options)


def test_the_same_cell_makes_no_new_version_and_keeps_the_session(shell, server):
    @server.agent("helper")
    def helper(prompt):
        return prompt

    shell.run(cell())
    shell.run("%dari_send --quiet Hi")
    session = shell.run("%dari")
    again = shell.run(cell())
    assert not again.is_new
    assert repr(shell.run("%dari")) == repr(session)
    assert len(shell.names["d"].agents.get("helper").versions()) == 2


def test_a_changed_prompt_shows_what_changed_and_starts_anew(shell):
    first = shell.run(cell("Be brief.\nNever lie."))
    second = shell.run(cell("Be very brief.\nNever lie.", "-o made"))
    assert shell.names["made"] is second
    assert [first.version.number, second.version.number] == [1, 2]
    assert "-Be brief.\n" in str(second)
    assert "+Be very brief.\n" in str(second)
    assert "+ Be <ins>very</ins> brief." in second.to_mimebundle()["text/html"]


def test_several_models_are_options_and_the_first_is_the_default(shell):
    version = shell.run(
        "%%dari_publish two --llm openai/gpt-5.5 --llm anthropic/claude-haiku-4-5\nHi"
    ).version
    assert version.manifest["llm"]["default"] == "gpt-5.5"
    assert version.llms == ["gpt-5.5", "claude-haiku-4-5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "helper\n---\nllm:\n  options:\n    a: {modle: x}\n---\nHi",
            "Line 5: llm.options.a.modle: .* mean model",
        ),
        ("helper\n---\nllm: {model: x}\nllm: {model: y}\n---\nHi", "Line 4"),
        ("helper\n---\nllm: {model: x}", "Line 2"),
        ("helper\n---\nname: x\n---\nHi", "Line 3: name"),
        ("helper\n---\nllm: {model: x, api_key: sk-1}\n---\nHi", "api_key_secret"),
        ("helper --llm x\n---\nllm: {model: x}\n---\nHi", "llm"),
        ("helper\n---\nllm: {model: x}\nskills: [greet]\n---\nHi", "skills/greet"),
    ],
)
def test_what_cannot_be_right_is_said_with_its_line_and_nothing_is_published(shell, text, message):
    with pytest.raises(UsageError, match=message) as caught:
        shell.run(f"%%dari_publish {text}")
    assert "sk-1" not in str(caught.value)
    assert "helper" not in [agent.name for agent in shell.names["d"].agents.list()]


def test_what_only_the_server_knows_comes_from_it(shell):
    with pytest.raises(UsageError, match=r"sandbox\.storage_binding"):
        shell.run(
            "%%dari_publish helper --llm openai/x\n---\nsandbox: {storage_binding: disk}\n---\nHi"
        )


def test_skills_and_scripts_are_taken_from_the_working_folder(shell, tmp_path, monkeypatch):
    (tmp_path / "skills" / "greet").mkdir(parents=True)
    skill = "---\nname: greet\ndescription: How to greet.\n---\nBow.\n"
    (tmp_path / "skills" / "greet" / "SKILL.md").write_text(skill)
    monkeypatch.chdir(tmp_path)
    made = shell.run("%%dari_publish helper --llm openai/x\n---\nskills: [greet]\n---\nHi")
    assert made.version.manifest["skills"] == [{"name": "greet", "path": "skills/greet"}]
    assert made.version.read("skills/greet/SKILL.md") == skill


def test_llms_at_hand_are_listed_with_those_of_the_current_agent(shell, server):
    assert "--probe" in repr(shell.run("%dari llms"))
    server.add_llms({"tiny": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}})
    shell.run(cell())
    rows = shell.run("%dari llms")
    assert [(row.name, row.state, row.source) for row in rows] == [
        ("openai/gpt-5.5", "has no key", "agent helper"),
        ("tiny", "does not answer", "local Dari"),
    ]
