"""The built front end: within its budget, and of one piece with the paper's style sheet."""

import re
from pathlib import Path

import pytest

import dari_nb.widgets

STATIC = Path(dari_nb.widgets.__file__).parent / "static"


@pytest.mark.parametrize(("name", "limit"), [("widget.js", 40_000), ("widget.css", 12_000)])
def test_the_bundle_stays_within_its_budget(name, limit):
    assert (STATIC / name).stat().st_size <= limit


def test_every_variable_is_the_hosts_or_defined_by_the_paper():
    css = (STATIC / "widget.css").read_text()
    used = set(re.findall(r"var\((--[\w-]+)", css))
    defined = set(re.findall(r"(--[\w-]+):", css))
    assert {name for name in used - defined if not name.startswith(("--jp-", "--vscode-"))} == set()


def test_the_bundle_loads_nothing_and_runs_no_text():
    code = (STATIC / "widget.js").read_text()
    assert not re.search(r"\b(eval|importScripts|XMLHttpRequest|Function)\(|import\(|https?:", code)
    assert not re.search(r"url\(|@import|https?:", (STATIC / "widget.css").read_text())
