"""The static output of each case is what its approval files hold.

A case has up to four files in ``approved/``: Markdown, text, the accessibility outline of its HTML,
and, for hostile content, the sanitized HTML between the paragraphs "begin" and "end".
"""

import difflib
import re
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

import dari_nb as dari

from .cases import CASES, session
from .outline import Outlines
from .replay import Replay
from .sentences import shown_words, without_sentences

FOLDER = Path(__file__).parent
APPROVED = FOLDER / "approved"
ACCEPT = "python -m pytest tests/acceptance/approvals --accept"
MOST_LINES = 60
SESSIONS = {path.stem: (path.stem, session) for path in (FOLDER / "inputs").glob("session_*")}
ALL = SESSIONS | CASES
FORMS = ("md", "txt", "outline")
FILES = [f"{name}.{form}" for name in sorted(ALL) for form in FORMS]
SANITIZED = ("session_hostile_html", "session_hostile_markdown")


@pytest.fixture(scope="module")
def bundles() -> dict[str, dict[str, str]]:
    """Bundles by case, so that each is made once."""
    return {}


@pytest.mark.parametrize("file", [*FILES, *(f"{name}.html" for name in SANITIZED)])
def test_static_output_matches_approval(
    file: str,
    bundles: dict[str, dict[str, str]],
    replay: Replay,
    outlines: Outlines,
    accept: bool,
) -> None:
    name, _, form = file.partition(".")
    bundle = bundles.get(name) or bundles.setdefault(name, bundle_of(name, replay))
    clean = without_sentences(shown_words(replay.inputs[ALL[name][0]].lines))
    match form:
        case "md":
            made = clean(bundle["text/markdown"])
        case "txt":
            made = clean(bundle["text/plain"])
        case "outline":
            made = outlines.of(bundle["text/html"], clean)
        case _:
            made = content_of(bundle["text/html"])
    lines = [line.rstrip() for line in made.strip().split("\n")]
    path = APPROVED / file
    if accept:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    approved = path.read_text(encoding="utf-8").rstrip("\n").split("\n") if path.exists() else []
    diff = difflib.unified_diff(approved, lines, f"approved/{file}", "made now", lineterm="")
    assert lines == approved, "\n".join([*diff, "", f"To accept: {ACCEPT}"])


def test_approvals_have_cases_and_few_lines(accept: bool) -> None:
    expected = {*FILES, *(f"{name}.html" for name in SANITIZED)}
    for path in APPROVED.iterdir():
        if accept and path.name not in expected:
            path.unlink()
    lengths = {path.name: path.read_bytes().count(b"\n") for path in APPROVED.iterdir()}
    assert lengths.keys() - expected == set(), f"without a case; to delete: {ACCEPT}"
    assert [name for name, length in lengths.items() if length > MOST_LINES] == []


def bundle_of(name: str, replay: Replay) -> dict[str, str]:
    """Return the MIME bundle of a case, as for a front end without live views."""
    source, show = ALL[name]
    formatter = DisplayFormatter()
    formatter.ipython_display_formatter.enabled = False
    with dari.Dari(replay.url(source), "dari_key") as d:
        return formatter.format(show(d))[0]


def content_of(html: str) -> str:
    """Return the HTML between the paragraphs "begin" and "end", with a line for each element."""
    content = re.search(r"<p[^>]*>begin</p>(.*)<p[^>]*>end</p>", html, re.DOTALL)
    assert content is not None
    return re.sub(r"(?=<\w)", "\n", content[1])
