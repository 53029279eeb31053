"""What is offered where something is missing, and what publishing says about it."""

from pathlib import Path

import pytest

from dari_nb.local.sandbox import runtimes
from dari_nb.local.sandbox.bubblewrap import sandbox_available, sandbox_trouble
from dari_nb.local.tools import notes_on, toolbox_of

from .conftest import PYTHON


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without bubblewrap and without Node."""
    monkeypatch.setenv("PATH", str(tmp_path))


def names(manifest, files=(), workspace=Path()):
    return [spec.name for spec in toolbox_of(manifest, dict(files), workspace).specs]


def main(handler, runtime="typescript"):
    entry = {"name": "t", "path": "tools/t", "kind": "main", "runtime": runtime}
    return {"custom_tools": [{**entry, "handler": handler}]}


FILES = {
    "tools/t/tool.yml": b"name: t\ndescription: d\ninput_schema: in.json\n",
    "tools/t/in.json": b"{}",
}


def test_the_default_tools_are_four():
    assert names({}) == ["read", "bash", "edit", "write"]
    assert names({"built_in_tools": []}) == []
    assert names({"built_in_tools": ["ls", "read", "ls"]}) == ["ls", "read"]


def test_all_tools_run_here():
    assert sandbox_available()
    assert sandbox_trouble() is None
    assert notes_on({"built_in_tools": ["bash"], **PYTHON["manifest"]}, PYTHON["files"]) == []


def test_without_a_sandbox_its_tools_are_not_offered(bare):
    assert names({}) == ["read", "edit", "write"]
    assert names({"built_in_tools": ["bash", "ls"]}) == ["ls"]
    assert names({"built_in_tools": [], **PYTHON["manifest"]}, PYTHON["files"]) == []


def test_without_a_sandbox_it_is_said_what_to_install(bare):
    (note,) = notes_on({"built_in_tools": ["read", "bash"]}, {})
    assert note.startswith("built_in_tools: 'bash' cannot run here. The program bwrap is missing")
    assert "apt-get install bubblewrap" in note
    assert notes_on({"name": "helper"}, {}) == [note]
    assert notes_on({"built_in_tools": []}, {}) == []
    (note,) = notes_on({"built_in_tools": [], **PYTHON["manifest"]}, PYTHON["files"])
    assert note.startswith("custom_tools: 'python' cannot run here.")


def test_a_sandbox_that_does_not_work_is_not_used(tmp_path, monkeypatch):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "cannot make a sandbox here: no namespaces here" in (sandbox_trouble() or "")
    assert names({}) == ["read", "edit", "write"]


@pytest.mark.parametrize(
    ("manifest", "files", "said"),
    [
        (main("tool.ts:run"), FILES, "needs Node, which is missing"),
        (main("tool.ts:run", "python"), FILES, "is a .py file"),
        (main("tool.ts:run"), {"tools/t/tool.ts": b""}, "Describe it in tools/t/tool.yml"),
    ],
)
def test_handlers_that_cannot_run_are_named_and_not_offered(bare, manifest, files, said):
    (note,) = notes_on({"built_in_tools": [], **manifest}, files)
    assert said in note
    assert names({"built_in_tools": [], **manifest}, files) == []


@pytest.mark.parametrize(("version", "runs"), [("v20.19.1", False), ("v22.6.0", True)])
def test_typescript_runs_from_the_version_that_reads_it(tmp_path, monkeypatch, bare, version, runs):
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert runtimes.runtime_trouble("typescript", "tool.mjs") is None
    said = runtimes.runtime_trouble("typescript", "tool.ts")
    assert said is None if runs else said.startswith("'tool.ts' needs Node 22.6 or newer, or tsx")


def test_publishing_over_http_says_what_cannot_run(api, monkeypatch, tmp_path):
    yml = b"name: able\nharness: pi\ninstructions: {system: p.md}\nllm: {model: openai/x}\n"
    bundle = {"dari.yml": yml + b"built_in_tools: [bash]\n", "p.md": b"Hi"}
    with monkeypatch.context() as bare:
        bare.setenv("PATH", str(tmp_path))
        assert "'bash' cannot run here. The program bwrap" in api.publish(bundle)["notes"][0]
    assert "notes" not in api.publish(bundle)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            "bwrap: No permissions to create new namespace, likely because of the kernel",
            "forbids user namespaces",
        ),
        ("bwrap: Unknown option --disable-userns", "Install bubblewrap 0.8 or newer"),
    ],
)
def test_what_is_missing_for_the_sandbox_is_named(monkeypatch, tmp_path, said, advice):
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    trouble = sandbox_trouble()
    assert said in trouble
    assert advice in trouble
    assert ("Install" in trouble) is ("Install" in advice)
