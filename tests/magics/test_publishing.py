"""``%%dari_publish`` in a real shell."""

import textwrap

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


def test_a_cell_becomes_an_agent_which_is_the_current_one(shell):
    published = shell.run(cell())
    assert published.is_new
    assert published.version.system_prompt == "Be brief.\n"
    assert published.version.manifest == {
        "name": "helper",
        "harness": "pi",
        "instructions": {"system": "prompts/system.md"},
        "llm": {"model": "openai/gpt-5.5"},
        "built_in_tools": ["read"],
    }
    assert "helper" in repr(shell.run("%dari"))


def test_the_same_cell_makes_no_new_version_and_keeps_the_session(shell, server):
    @server.agent("helper")
    def helper(prompt):
        return prompt

    shell.run(cell())
    shell.run("%dari_send --quiet Hi")
    session = shell.run("%dari")
    again = shell.run(cell())
    assert not again.is_new
    assert str(again) == "helper · unchanged, still v2 · 2 files the same"
    assert repr(shell.run("%dari")) == repr(session)
    assert len(shell.names["d"].agents.get("helper").versions()) == 2


def test_a_changed_prompt_shows_what_changed_and_starts_anew(shell):
    first = shell.run(cell("Be brief.\nNever lie."))
    second = shell.run(cell("Be very brief.\nNever lie.", "-o made"))
    assert shell.names["made"] is second
    assert [first.version.number, second.version.number] == [1, 2]
    assert str(second) == textwrap.dedent("""\
        helper · v1 → v2 · new version, active now \
· 1 file changed · 1 file the same
        prompts/system.md  changed · +1 -1
          -Be brief.
          +Be very brief.
           Never lie.""")
    assert "+ Be <ins>very</ins> brief." in second.to_mimebundle()["text/html"]
    assert "none yet: %dari_send starts one" in repr(shell.run("%dari"))


def test_a_dry_run_shows_the_change_and_publishes_nothing(shell):
    assert shell.run(cell(options="--dry-run")).agent is None
    first = shell.run(cell())
    tried = shell.run(cell("Be long.", "--dry-run"))
    assert "+Be long." in str(tried)
    assert "if it were published" in str(tried)
    assert shell.names["d"].agents.get("helper").active_version_id == first.version.id


def test_functions_of_the_notebook_become_external_tools_with_their_schemas(shell):
    shell.run('''
        def rows(column: str, most: int = 5) -> list:
            """Read rows of the table.

            Args:
                column: Which column.
            """
            return []
    ''')
    published = shell.run(cell(options="--tools rows"))
    assert "%dari_send --tools rows" in str(published)
    version = published.version
    assert version.manifest["custom_tools"] == [
        {"name": "rows", "path": "tools/rows", "kind": "external"}
    ]
    assert "Read rows of the table." in version.read("tools/rows/tool.yml")
    assert '"description": "Which column."' in version.read("tools/rows/input.json")


def test_names_are_filled_in_and_raw_leaves_them(shell):
    shell.names["tone"] = "kind"
    assert shell.run(cell("Be {tone}.")).version.system_prompt == "Be kind.\n"
    assert shell.run(cell("Be {tone}.", "--raw")).version.system_prompt == "Be {tone}.\n"


def test_several_models_are_options_and_the_first_is_the_default(shell):
    version = shell.run(
        "%%dari_publish two --llm openai/gpt-5.5 --llm anthropic/claude-haiku-4-5\nHi"
    ).version
    assert version.manifest["llm"]["default"] == "gpt-5.5"
    assert version.llms == ["gpt-5.5", "claude-haiku-4-5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("helper\n---\nlmm: {model: x}\n---\nHi", "Line 3: lmm: .* mean llm"),
        (
            "helper\n---\nllm:\n  options:\n    a: {modle: x}\n---\nHi",
            "Line 5: llm.options.a.modle: .* mean model",
        ),
        ("helper\n---\nbuilt_in_tools: [grpe]\n---\nHi", "Line 3: built_in_tools.0.: .*grep"),
        ("helper\n---\nllm: [\n---\nHi", "Line 3: "),
        ("helper\n---\nllm: {model: x}\nllm: {model: y}\n---\nHi", "Line 4: .*twice"),
        ("helper\n---\nllm: {model: x}", "Line 2: .*no end"),
        ("helper\n---\nname: x\n---\nHi", "Line 3: name: .*apart"),
        ("helper\n---\nllm: {model: x, api_key: sk-1}\n---\nHi", "api_key_secret"),
        ("helper\nHi", "Which LLM"),
        ("helper --llm x\n---\nllm: {model: x}\n---\nHi", "given twice"),
        ("helper --llm x\n\n", "prompt is empty"),
        ("\nHi", "name the agent"),
        ("helper --llm openai/x --tools nothing\nHi", "nothing is not defined"),
        ("helper --llm openai/x --tools tone\nHi", "tone is no function"),
        ("helper\n---\nllm: {model: x}\nskills: [greet]\n---\nHi", "no 'skills/greet'"),
        ("helper --dry\nHi", "--dry-run"),
    ],
)
def test_what_cannot_be_right_is_said_with_its_line_and_nothing_is_published(shell, text, message):
    shell.names["tone"] = "kind"
    with pytest.raises(UsageError, match=message) as caught:
        shell.run(f"%%dari_publish {text}")
    assert "sk-1" not in str(caught.value)
    assert "helper" not in [agent.name for agent in shell.names["d"].agents.list()]


def test_what_only_the_server_knows_comes_from_it(shell):
    with pytest.raises(UsageError, match=r"sandbox\.storage_binding: .*no binding 'disk'"):
        shell.run(
            "%%dari_publish helper --llm openai/x\n---\nsandbox: {storage_binding: disk}\n---\nHi"
        )


def test_a_folder_is_published_once(shell, tmp_path):
    (tmp_path / "dari.yml").write_text(
        "name: support\nharness: pi\ninstructions: {system: a.md}\nllm: {model: openai/x}\n"
    )
    (tmp_path / "a.md").write_text("Help.")
    first = shell.run(f"%dari_publish {tmp_path}")
    assert first.outcome == "new agent, published"
    assert not shell.run(f"%dari_publish {tmp_path}").is_new
    (tmp_path / "a.md").write_text("Help them.")
    assert "+Help them." in str(shell.run(f"%dari_publish {tmp_path} --dry-run"))
    assert shell.run(f"%dari_publish {tmp_path} --quiet -o made") is None
    assert shell.names["made"].version.system_prompt == "Help them."
    assert "support" in repr(shell.run("%dari"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nowhere", "no dari.yml in 'nowhere'"),
        ("", "name a folder"),
        ("somewhere --tools f", "--tools is for a prompt"),
    ],
)
def test_a_line_names_one_folder(shell, line, message):
    with pytest.raises(UsageError, match=message):
        shell.run(f"%dari_publish {line}")


def test_skills_and_scripts_are_taken_from_the_working_folder(shell, tmp_path, monkeypatch):
    (tmp_path / "skills" / "greet").mkdir(parents=True)
    skill = "---\nname: greet\ndescription: How to greet.\n---\nBow.\n"
    (tmp_path / "skills" / "greet" / "SKILL.md").write_text(skill)
    monkeypatch.chdir(tmp_path)
    made = shell.run("%%dari_publish helper --llm openai/x\n---\nskills: [greet]\n---\nHi")
    assert made.version.manifest["skills"] == [{"name": "greet", "path": "skills/greet"}]
    assert made.version.read("skills/greet/SKILL.md") == skill


def test_a_session_keeps_the_version_that_a_cell_asks_for(shell, server):
    @server.agent("helper")
    def helper(prompt):
        return prompt

    first = shell.run(cell())
    shell.run(cell("Be long."))
    shell.run(f"%%dari_agent helper --version {first.version.id} --quiet -o turn\nHi")
    assert shell.names["turn"].session.resource.version_id == first.version.id
    with pytest.raises(UsageError, match="ver_0"):
        shell.run("%%dari_agent helper --version ver_0 --quiet\nHi")


def test_llms_at_hand_are_listed_with_those_of_the_current_agent(shell, server):
    assert "--probe" in repr(shell.run("%dari llms"))
    server.add_llms({"tiny": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}})
    shell.run(cell())
    rows = shell.run("%dari llms")
    assert [(row.name, row.state, row.source) for row in rows] == [
        ("openai/gpt-5.5", "has no key", "agent helper"),
        ("tiny", "does not answer", "local Dari"),
    ]


def test_a_configuration_file_sets_up_the_local_dari(shell, tmp_path):
    file = tmp_path / "local.toml"
    file.write_text(
        '[server]\ndb = "course.db"\n[llms.tiny]\nmodel = "m"\n'
        'base_url = "http://127.0.0.1:9/v1"\n[agents]\nfiles = ["mine.py"]\n'
    )
    (tmp_path / "mine.py").write_text(
        '@server.agent("shout")\ndef shout(prompt):\n    return prompt.upper()\n'
    )
    shell.run(f"%dari connect local --config {file}")
    shell.run("%%dari_agent shout --quiet -o turn\nhi")
    assert shell.names["turn"].text == "HI"
    assert [row.name for row in shell.run("%dari llms")][-1] == "tiny"
    assert (tmp_path / "course.db").exists()
    connected = shell.names["turn"].session._link
    connected.close()
    connected.server.stop()


def test_a_configuration_file_that_is_not_there_is_named(shell):
    with pytest.raises(UsageError, match=r"nowhere\.toml"):
        shell.run("%dari connect local --config nowhere.toml")


def test_help_tells_of_publishing(shell):
    told = repr(shell.run("%dari help"))
    assert "%%dari_publish AGENT" in told
    assert "%dari llms" in told
