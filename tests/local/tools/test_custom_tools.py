import pytest

DESCRIBED = b"{name: t, description: Counts., input_schema: in.json, output_schema: out.json}"
IN = b'{"type": "object", "properties": {"words": {"type": "array"}}, "required": ["words"]}'
OUT = b'{"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}'
JAVASCRIPT = b"""
import { readFileSync } from "node:fs";
export async function run(given) {
  console.log("noise");
  const place = readFileSync("/bundle/tools/t/place.txt", "utf8");
  return { count: given.words.length, place, big: "x".repeat(200000).length };
}
export function fails() { throw new TypeError("no words"); }
"""


@pytest.fixture
def tool(agent):
    """Makes an agent with one custom tool of this code."""

    def make(code, handler="tool.py:run", runtime="python", limits=None, **entry):
        told = {"name": "t", "path": "tools/t", "kind": "main", "runtime": runtime, **entry}
        files = {
            "tools/t/tool.yml": DESCRIBED,
            "tools/t/in.json": IN,
            "tools/t/out.json": OUT,
            "tools/t/place.txt": b"here",
            f"tools/t/{handler.partition(':')[0]}": code
            if isinstance(code, bytes)
            else code.encode(),
            "shared.py": b"def count(words): return len(words)\n",
        }
        manifest = {"custom_tools": [{**told, "handler": handler}]}
        return agent(manifest=manifest, files=files, limits=limits)

    return make


def test_a_python_handler_gets_the_arguments_and_gives_its_result(tool):
    someone = tool(
        "import shared, pathlib\n"
        "def run(given):\n"
        "    print('noise')\n"
        "    pathlib.Path('made.txt').write_text('by the tool')\n"
        "    return {'count': shared.count(given['words'])}\n"
    )
    assert someone.gets("t", words=["a", "b"]) == {"count": 2}
    assert someone.gets("read", path="made.txt") == "by the tool"
    spec = someone.toolbox.specs[-1]
    assert (spec.name, spec.kind, spec.description) == ("t", "main", "Counts.")
    assert spec.input_schema["required"] == ["words"]
    assert spec.timeout_seconds == 60


def test_an_async_handler_is_waited_for(tool):
    code = (
        "import asyncio\nasync def run(given):\n    return await asyncio.sleep(0, {'count': 3})\n"
    )
    assert tool(code).gets("t", words=[]) == {"count": 3}


def test_a_javascript_handler_gets_the_arguments_and_gives_its_result(tool):
    someone = tool(JAVASCRIPT, "tool.mjs:run", "typescript")
    assert someone.gets("t", words=["a"]) == {"count": 1, "place": "here", "big": 200_000}
    failed = tool(JAVASCRIPT, "tool.mjs:fails", "typescript").fails("t", words=[])
    assert failed.startswith("The tool failed: TypeError: no words\nIt printed:")


def test_arguments_and_results_are_held_to_their_schemas(tool):
    someone = tool("def run(given):\n    return {'count': 'many'}\n")
    assert '"words" is a required property' in someone.fails("t")
    assert 'result does not fit its schema: "many"' in someone.fails("t", words=[])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def run(given):\n    raise KeyError('colour')\n", "KeyError: 'colour'"),
        ("def run(given)\n", "SyntaxError"),
        ("import os\ndef run(given):\n    os._exit(0)\n", "no result"),
        ("def run(given):\n    return {1, 2}\n", "TypeError"),
        ("def run(given):\n    return 'x' * 2_000_000\n", "1 MiB"),
    ],
)
def test_a_handler_that_fails_says_why(tool, code, said):
    assert said in tool(code).fails("t", words=[])


def test_a_handler_that_takes_too_long_is_stopped(tool):
    code = "import time\ndef run(given):\n    print('slow', flush=True)\n    time.sleep(100)\n"
    said = tool(code, timeout_seconds=1).fails("t", words=[])
    assert said == "The tool was stopped: it took longer than 1 s.\nIt printed:\nslow"


FLAKY = (
    "from pathlib import Path\n"
    "def run(given):\n"
    "    tries = Path('tries')\n"
    "    tries.write_text(tries.read_text() + 'x' if tries.exists() else 'x')\n"
    "    if len(tries.read_text()) < 3: raise OSError('not yet')\n"
    "    return {'count': len(tries.read_text())}\n"
)


def test_a_handler_is_run_again_as_often_as_it_says(tool):
    assert tool(FLAKY, retries=2).gets("t", words=[]) == {"count": 3}


def test_a_bundle_goes_when_its_toolbox_goes(tool, wait, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    someone = tool("def run(given):\n    return {'count': 1}\n")
    someone.gets("t", words=[])
    assert len(list(tmp_path.glob("*bundle-*"))) == 1
    someone.toolbox = None
    wait(lambda: list(tmp_path.glob("*bundle-*")), lambda found: not found)
