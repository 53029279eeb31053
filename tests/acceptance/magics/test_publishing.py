"""``%%dari_publish`` makes an agent of a prompt, ``%dari_publish`` of a folder."""

import pytest

CELL = "%%dari_publish {} --llm openai/gpt-5.5 {}\n{}"


def test_cell_becomes_agent(kernel, d):
    kernel.run("tone = 'kind'")
    result = kernel.run(CELL.format("greeter", "-o made", 'Be {tone}. Answer {"like": "this"}.'))
    assert result.bundles("greeter")
    version = d.agents["greeter"].version()
    assert version.system_prompt.strip() == 'Be kind. Answer {"like": "this"}.'
    assert version.manifest["llm"]["model"] == "openai/gpt-5.5"
    assert kernel.run("%dari").bundles("greeter")
    kernel.run(CELL.format("greeter", "--raw", "Be {tone}."))
    assert d.agents["greeter"].version().system_prompt.strip() == "Be {tone}."


def test_changed_prompt_becomes_new_version(kernel, d):
    for prompt, versions in (("Be brief.", 1), ("Be brief.", 1), ("Be long.", 2)):
        kernel.run(CELL.format("versions", "", prompt))
        assert len(d.agents["versions"].versions()) == versions


def test_front_matter_configures_agent(kernel, d):
    matter = "---\nllm: {model: openai/gpt-5.5}\nbuilt_in_tools: [read]\n---\nBe brief."
    kernel.run(f"%%dari_publish configured\n{matter}")
    version = d.agents["configured"].version()
    assert version.manifest["built_in_tools"] == ["read"]
    assert version.system_prompt.strip() == "Be brief."


def test_dry_run_publishes_nothing(kernel, d):
    result = kernel.run(CELL.format("tried", "--dry-run", "Be brief."))
    assert result.outputs
    assert "tried" not in d.agents


def test_tools_become_external_tools(kernel, d):
    kernel.run('def look_up(column: str) -> list:\n    """Read a column."""\n    return []')
    kernel.run(CELL.format("user", "--tools look_up", "Be brief."))
    [tool] = d.agents["user"].version().manifest["custom_tools"]
    assert (tool["name"], tool["kind"]) == ("look_up", "external")


def test_folder_becomes_agent(kernel, d, folder):
    (folder / "support").mkdir()
    (folder / "support" / "dari.yml").write_text(
        "name: support\nharness: pi\ninstructions: {system: a.md}\nllm: {model: openai/gpt-5.5}\n"
    )
    for prompt, versions in (("Help.", 1), ("Help.", 1), ("Help them.", 2)):
        (folder / "support" / "a.md").write_text(prompt)
        assert kernel.run("%dari_publish support").bundles("support")
        assert len(d.agents["support"].versions()) == versions
    assert d.agents["support"].version().system_prompt == "Help them."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("wrong\n---\nlmm: {model: x}\n---\nHi", "invalid_manifest"),
        ("wrong\n---\nllm: [\n---\nHi", "invalid_manifest"),
        ("wrong --llm openai/gpt-5.5 --tools nothing\nHi", "name_not_defined"),
        ("wrong --llm openai/gpt-5.5\nBe {nothing}.", "name_not_defined"),
        ("wrong\nHi", "missing_llm"),
        ("wrong --llm openai/gpt-5.5\n\n", "missing_prompt"),
        ("\nHi", "missing_name"),
    ],
)
def test_wrong_prompt_is_refused(refused, d, text, code):
    assert refused(f"%%dari_publish {text}") == code
    assert "wrong" not in d.agents
