import pytest

from dari_nb.local.bundles.manifest import ManifestError, read_manifest

MINIMAL = """\
name: my-agent
harness: pi
instructions: {system: prompts/system.md}
llm: {model: openai/gpt-5.5}
"""
TOOL = "\ncustom_tools: [{name: t, path: tools/t, kind: external, timeout_seconds: 5}]"
MAIN = (
    "\ncustom_tools: [{name: t, path: tools/t, kind: main, runtime: python, handler: 'h.py:run'}]"
)
TOOL_FILES = {
    "tools/t/tool.yml": b"{name: t, description: d, input_schema: in.json}",
    "tools/t/in.json": b'{"type": "object"}',
    "tools/t/h.py": b"def run(): ...",
}
SKILL = "\nskills: [{name: s, path: skills/s}]"
SKILL_MD = b"---\nname: s\ndescription: What it is for.\n---\nText"


def bundle(yml=MINIMAL, **files):
    return {"dari.yml": yml.encode(), "prompts/system.md": b"Hello"} | files


def flaw(yml, files=()):
    with pytest.raises(ManifestError) as caught:
        read_manifest(bundle(yml) | dict(files))
    return str(caught.value)


def test_a_minimal_manifest_is_read_with_its_prompt():
    manifest, prompt = read_manifest(bundle())
    assert manifest["llm"] == {"model": "openai/gpt-5.5"}
    assert prompt == "Hello"


def test_everything_that_the_contract_names_is_taken():
    yml = MINIMAL + (
        "sandbox: {provider: e2b, internet_access: true, runtimes: {python: '3.11'}, cpu: 2,\n"
        "  packages: {apt: [jq]}, setup: {script: s.sh}, env: {A_B: x}, secrets: [TOKEN]}\n"
        "built_in_tools: [read, read, ls]\nextensions: []"
    )
    assert read_manifest(bundle(yml))[0]["sandbox"]["cpu"] == 2
    assert read_manifest(bundle(MINIMAL + TOOL) | TOOL_FILES)
    assert read_manifest(bundle(MINIMAL + MAIN) | TOOL_FILES)
    assert read_manifest(bundle(MINIMAL + SKILL) | {"skills/s/SKILL.md": SKILL_MD})
    server = "harness: {kind: customRuntimeServer, protocol: dari-runtime-v1, "
    server += "customRuntimeServer: {command: python s.py, port: 8080}}"
    without_llm = MINIMAL.replace("harness: pi", server).replace("llm: {model: openai/gpt-5.5}", "")
    assert read_manifest(bundle(without_llm))


@pytest.mark.parametrize(
    ("yml", "place"),
    [
        (MINIMAL + "extra: 1", "extra"),
        (MINIMAL.replace("name: my-agent", ""), "name"),
        (MINIMAL.replace("pi", "claude", 1), "harness"),
        (MINIMAL.replace("system.md", "none.md"), "instructions.system"),
        (MINIMAL.replace("llm: {model: openai/gpt-5.5}", ""), "llm"),
        (
            MINIMAL.replace("{model: openai/gpt-5.5}", "{default: a, options: {b: {model: m}}}"),
            "llm.default",
        ),
        (MINIMAL + "built_in_tools: [fly]", "built_in_tools[0]"),
        (MINIMAL + "sandbox: {env: {lower: x}}", "sandbox.env"),
        (MINIMAL + "custom_tools: [{name: ls, path: tools/t, kind: external}]", "'ls'"),
        (MINIMAL + SKILL, "skills[0].path"),
        (MINIMAL + "a: &a [1]\nb: *a", "YAML"),
        ("- 1", "dari.yml"),
        ("[" * 200_000, "YAML"),
        ("a: !!python/object:os.system {}", "YAML"),
    ],
)
def test_a_flaw_of_the_manifest_names_its_place(yml, place):
    assert place in flaw(yml)


@pytest.mark.parametrize(
    ("yml", "file", "content", "place"),
    [
        (TOOL, "tools/t/tool.yml", None, "tools/t/tool.yml"),
        (TOOL, "tools/t/tool.yml", b"{name: u}", "name"),
        (TOOL, "tools/t/in.json", b'{"type": 1}', "tools/t/in.json"),
        (MAIN, "tools/t/h.py", None, "custom_tools[0].handler"),
        (SKILL, "skills/s/SKILL.md", b"text", "skills/s/SKILL.md"),
    ],
)
def test_a_flaw_of_a_file_that_the_manifest_names_is_told(yml, file, content, place):
    files = {**TOOL_FILES, "skills/s/SKILL.md": SKILL_MD, file: content}
    present = {path: text for path, text in files.items() if text is not None}
    assert place in flaw(MINIMAL + yml, present)
