"""A tool that its TypeScript describes is offered and run where it can be, and else it is said."""

import json
import os
import re
import shutil
import subprocess

import pytest

ENTRY = """\
built_in_tools: []
custom_tools:
- description: Counts the words of a text and of the prompt.
  handler: tools/count_words/tool.ts:handler
  kind: main
  name: count_words
  path: tools/count_words
  runtime: typescript
"""
SCHEMA = {
    "additionalProperties": False,
    "properties": {"text": {"minLength": 1, "type": "string"}},
    "required": ["text"],
    "type": "object",
}
SOURCE = """\
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export const description = "Counts the words of a text and of the prompt.";
export const inputSchema = { type: "object" };

export async function handler(input: { text: string }) {
  const root = process.env.DARI_SOURCE_BUNDLE_ROOT || process.cwd();
  const prompt: string = await readFile(join(root, "system.md"), "utf8");
  return { words: count(input.text), prompt: count(prompt) };
}

function count(text: string): number {
  return text.split(/\\s+/).filter(Boolean).length;
}
"""
HOOKS = """\
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const text = await readFile(fileURLToPath(url), "utf8");
  const source = text.replaceAll(/: (string|number|{ text: string })(?=[ ,)])/g, "");
  return { format: "module", shortCircuit: true, source };
}
"""


def files(**changes):
    tool = {"name": "count_words", "path": "tools/count_words", "input_schema_json": SCHEMA}
    generated = {"tools": [tool | changes], "version": 1}
    return {
        "tools/count_words/tool.ts": SOURCE,
        ".dari/code-first-tools.json": json.dumps(generated, indent=2),
    }


@pytest.fixture
def api(serve, stand_in):
    return serve(llms={"small": {"model": "small", "base_url": stand_in.url}})


@pytest.fixture
def called(api, publish, stand_in, stand_ins):
    """Publish the tool, and let the model call it; gives notes, offered tools and the result."""

    def call(**arguments):
        done = publish(api, "counts", "{model: small}", files=files(), more=ENTRY)
        stand_in.script = [stand_ins.Answer(calls=[("count_words", arguments)])]
        message = api.ask("counts", "go")
        assert message["status"] == "completed", message
        offered = stand_in.requests[0].body.get("tools") or []
        items = api.items(message["session_id"])
        (result,) = [item["result"] for item in items if item["type"] == "tool_call"]
        return done.get("notes", []), [tool["function"] for tool in offered], result

    return call


@pytest.fixture
def tsx(tmp_path, monkeypatch):
    """A stand-in of the package tsx on the path, that leaves out the types of this one tool."""
    package = tmp_path / "node_modules" / "tsx" / "dist"
    package.mkdir(parents=True)
    (package / "cli.mjs").write_text("#!/usr/bin/env node\n")
    (package / "cli.mjs").chmod(0o755)
    (package / "hooks.mjs").write_text(HOOKS)
    loader = 'import { register } from "node:module";\nregister("./hooks.mjs", import.meta.url);\n'
    (package / "loader.mjs").write_text(loader)
    commands = tmp_path / "node_modules" / ".bin"
    commands.mkdir()
    (commands / "tsx").symlink_to("../tsx/dist/cli.mjs")
    return commands


def runs_typescript():
    """Whether this machine's Node reads TypeScript by itself, or has tsx beside it."""
    node = shutil.which("node")
    said = (
        subprocess.run([node, "--version"], capture_output=True, text=True).stdout if node else ""
    )
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    return version >= (22, 6) or bool(node and shutil.which("tsx"))


def test_a_tool_is_offered_and_runs_where_node_reads_typescript_and_else_publishing_says_so(called):
    notes, offered, result = called(text="one two three")
    if runs_typescript():
        assert (notes, result) == ([], {"words": 3, "prompt": 2})
        assert [tool["name"] for tool in offered] == ["count_words"]
    else:
        assert offered == []
        assert notes[0].startswith("custom_tools: 'count_words' cannot run here. ")
        assert "tool.ts' needs Node" in notes[0]
        assert "There is no tool 'count_words'" in result


def test_a_tool_is_run_by_tsx_where_that_is_there(called, tsx, monkeypatch):
    monkeypatch.setenv("PATH", f"{tsx}:{os.environ['PATH']}")
    notes, offered, result = called(text="one two three")
    assert (notes, result) == ([], {"words": 3, "prompt": 2})
    assert offered == [
        {
            "name": "count_words",
            "description": "Counts the words of a text and of the prompt.",
            "parameters": SCHEMA,
        }
    ]


@pytest.mark.parametrize(
    ("given", "entry"),
    [
        ({".dari/code-first-tools.json": "{"}, ENTRY),
        (files(input_schema_json={"type": "strnig"}), ENTRY),
        ({}, ENTRY.replace("tool.ts:handler", "none.ts:handler")),
    ],
)
def test_what_the_command_did_not_write_is_refused(api, publish, given, entry):
    with pytest.raises(AssertionError, match=r"count_words|code-first-tools"):
        publish(api, "counts", "{model: small}", files=files() | given, more=entry)


def test_a_folder_whose_tool_nobody_has_declared_is_published_with_a_note(api, publish):
    source = {"tools/count_words/tool.ts": SOURCE}
    (note,) = publish(api, "counts", "{model: small}", files=source)["notes"]
    assert note.startswith("tools/count_words/tool.ts")


def test_publishing_says_what_no_machine_is_made_for_here(api, publish):
    more = (
        "built_in_tools: []\nextensions: [ext.ts]\n"
        "sandbox: {packages: {apt: [jq, ripgrep]}, setup: {script: prepare.sh}}\n"
    )
    notes = publish(api, "equipped", "{model: small}", more=more)["notes"]
    places = ["sandbox.packages", "sandbox.setup:", "extensions"]
    assert [note.split(" ")[0] for note in notes] == places
