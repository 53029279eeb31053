"""The built front end: each view within its budget, with the styles of static output."""

import re

from dari_nb import widgets
from dari_nb.widgets.view import STATIC, View

VIEWS = [view for name in widgets.__all__ if issubclass(view := getattr(widgets, name), View)]
SCRIPTS, SHEETS = sorted(STATIC.glob("*.js")), sorted(STATIC.glob("*.css"))
OF_VIEWS = [file for file in SCRIPTS if not file.stem.endswith("_page")]


def test_each_view_has_a_script_and_a_sheet_of_its_own():
    assert {str(view._esm) for view in VIEWS} == {file.read_text() for file in OF_VIEWS}
    assert {str(view._css) for view in VIEWS} == {file.read_text() for file in SHEETS}
    assert len(OF_VIEWS) == len(SHEETS) == len(VIEWS)


def test_a_script_stays_within_its_budget():
    for file in SCRIPTS:
        assert file.stat().st_size <= 40_000


def test_a_sheet_stays_within_its_budget():
    for file in SHEETS:
        assert file.stat().st_size <= 16_000


def test_every_variable_is_the_hosts_or_defined_by_the_static_output():
    for file in SHEETS:
        css = file.read_text()
        used = set(re.findall(r"var\((--[\w-]+)", css))
        defined = set(re.findall(r"(--[\w-]+):", css))
        assert {
            name for name in used - defined if not name.startswith(("--jp-", "--vscode-"))
        } == set()


def test_the_bundle_loads_nothing_and_runs_no_text():
    for file in (*SCRIPTS, *SHEETS):
        text = file.read_text()
        assert not re.search(
            r"\b(eval|importScripts|XMLHttpRequest|Function)\(|import\(|https?:", text
        )
        assert not re.search(r"url\(|@import", text)


def test_the_bundle_needs_nothing_that_pages_over_plain_http_lack():
    for file in SCRIPTS:
        assert not re.search(r"\b(randomUUID|crypto\.subtle|navigator\.locks)\b", file.read_text())
