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
        (MINIMAL + "extra: 1", "dari.yml: Object contains unknown field `extra`"),
        (MINIMAL.replace("name: my-agent", ""), "dari.yml: Object missing required field `name`"),
        (MINIMAL.replace("pi", "claude", 1), "dari.yml, harness: "),
        (MINIMAL.replace("system.md", "none.md"), "dari.yml, instructions.system: no file"),
        (MINIMAL.replace("llm: {model: openai/gpt-5.5}", ""), "dari.yml: the harness pi needs llm"),
        (MINIMAL.replace("{model: openai/gpt-5.5}", "{model: 5}"), "dari.yml, llm.model: Expected"),
        (
            MINIMAL.replace("{model: openai/gpt-5.5}", "{default: a, options: {b: {model: m}}}"),
            "dari.yml, llm.default: 'a'",
        ),
        (MINIMAL + "built_in_tools: [fly]", "dari.yml, built_in_tools[0]: Invalid enum"),
        (MINIMAL + "sandbox: {env: {lower: x}}", "dari.yml, sandbox.env"),
        (MINIMAL + "sandbox: {dockerfile: D, setup: {script: x}}", "dari.yml, sandbox: dockerfile"),
        (MINIMAL + "custom_tools: [{name: ls, path: tools/t, kind: external}]", "'ls' is taken"),
        (MINIMAL + "custom_tools: [{name: x, path: src, kind: external}]", "[0].path: no folder"),
        (MINIMAL + SKILL, "dari.yml, skills[0].path: no skills/s/SKILL.md"),
        (MINIMAL + "a: &a [1]\nb: *a", "dari.yml is no readable YAML: aliases"),
        ("- 1", "dari.yml is no mapping"),
        ("a: [", "dari.yml is no readable YAML"),
        ("[" * 200_000, "dari.yml is no readable YAML: it is nested too deeply"),
        ("a: " + "[" * 51 + "]" * 51, "dari.yml is no readable YAML: it is nested too deeply"),
        ("a: !!python/object:os.system {}", "dari.yml is no readable YAML"),
    ],
)
def test_a_flaw_of_the_manifest_names_its_place(yml, place):
    assert place in flaw(yml)


@pytest.mark.parametrize(
    ("yml", "file", "content", "place"),
    [
        (TOOL, "tools/t/tool.yml", None, "tools/t/tool.yml is missing"),
        (TOOL, "tools/t/tool.yml", b"{name: u}", "tools/t/tool.yml, name: 'u' is not 't'"),
        (
            TOOL,
            "tools/t/tool.yml",
            TOOL_FILES["tools/t/tool.yml"][:-1] + b", timeout_seconds: soon}",
            "tools/t/tool.yml, timeout_seconds: 'soon' is no whole number",
        ),
        (TOOL, "tools/t/in.json", None, "tools/t/tool.yml, input_schema: no file 'in.json'"),
        (TOOL, "tools/t/in.json", b'{"type": 1}', "tools/t/in.json is no JSON Schema"),
        (TOOL, "tools/t/in.json", b"{", "tools/t/in.json is no JSON Schema"),
        (MAIN, "tools/t/h.py", None, "custom_tools[0].handler: no file 'h.py'"),
        (TOOL.replace("external", "main"), "x", b"", "needs runtime and handler"),
        (MAIN.replace("main", "external"), "x", b"", "an external tool has no runtime"),
        (SKILL, "skills/s/SKILL.md", b"text", "skills/s/SKILL.md has no front matter"),
        (SKILL, "skills/s/SKILL.md", SKILL_MD.replace(b"s\n", b"z\n", 1), "SKILL.md, name: 'z'"),
        (SKILL, "skills/s/SKILL.md", b"---\nname: s\n---\n", "SKILL.md, description"),
    ],
)
def test_a_flaw_of_a_file_that_the_manifest_names_is_told(yml, file, content, place):
    files = {**TOOL_FILES, "skills/s/SKILL.md": SKILL_MD, file: content}
    present = {path: text for path, text in files.items() if text is not None}
    assert place in flaw(MINIMAL + yml, present)
