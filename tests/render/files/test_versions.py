"""Diffs of versions: lines that came and went, their words, in three forms."""

import re

import pytest
from markdown_it import MarkdownIt

from dari_nb.render.calls.diff import diff_lines
from dari_nb.render.files.files import ChangedFile
from dari_nb.render.files.versions import VersionChange, diff_html, static_version_change


def changed(path, before, after):
    sides = [text.encode() if text is not None else None for text in (before, after)]
    kind = "added" if before is None else "removed" if after is None else "changed"
    return ChangedFile(path, kind, *sides, tuple(len(side or b"") for side in sides))


def plain(html):
    return re.sub(r"<[^>]+>", "", html)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n\n  Indented text here.\nx\n", "\n  Indented words here.\n\nx"),
        ("same words\n\n\nas before", "same words\nas before\n\n\n"),
        ("", "new\n\nlines"),
        ("x < y & z", "x > y & z"),
    ],
)
def test_all_lines_of_a_diff_are_there_whatever_the_marks(before, after):
    lines = diff_lines(before, after)
    html = diff_html(lines)
    read = plain(html).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    spaced = [f"{line[:1]} {line[1:]}" for line in lines]
    assert [line.rstrip() for line in read.splitlines()] == [line.rstrip() for line in spaced]


def test_only_words_that_differ_are_marked():
    html = diff_html(diff_lines("Answer to the card.\nBye", "Answer to your card.\nBye"))
    assert "- Answer to <del>the</del> card." in html
    assert "+ Answer to <ins>your</ins> card." in html


def test_a_line_that_is_new_as_a_whole_has_no_marks_in_it():
    html = diff_html(diff_lines("llm:\n  model: a", "llm:\n  model: b\n  provider: openai"))
    assert "+   model: <ins>b</ins>" in html
    assert "+   provider: openai" in html


def test_what_changed_is_open_and_what_is_new_is_folded():
    change = VersionChange(
        "support",
        ("ver_1", "ver_2"),
        [changed("prompts/system.md", "a", "b"), changed("tools/f/tool.yml", None, "name: f")],
        same=3,
        said="new version, active now",
        notes=["bash cannot run here."],
    )
    forms = static_version_change(change)
    html = forms["text/html"].partition("</style>")[2]
    assert [bool(tag) for tag in re.findall(r'<details class="dari-change"( open)?>', html)] == [
        True,
        False,
    ]
    about = (
        "support · ver_1 → ver_2 · new version, active now · 1 file changed · 1 file added"
        " · 3 files the same"
    )
    assert forms["text/plain"].splitlines()[:2] == [about, "bash cannot run here."]
    written = about.replace("_", "\\_")
    assert forms["text/markdown"].startswith(f"**{written}**\n\nbash cannot run here.")
    assert "```diff\n-a\n+b\n```" in forms["text/markdown"]


def test_files_that_are_no_text_are_told_by_their_size():
    change = VersionChange("a", ("ver_1", None), [ChangedFile("x", "changed", None, None, (1, 2))])
    assert "x  changed · 1 B → 2 B" in static_version_change(change)["text/plain"]


def test_of_very_long_diffs_the_rest_is_counted():
    before, after = ("\n".join(f"{word} {n}" for n in range(900)) for word in ("old", "new"))
    change = VersionChange("a", ("ver_1", "ver_2"), [changed("p", before, after)])
    html = static_version_change(change)["text/html"]
    assert "… 1,400 more lines not shown" in html


HOSTILE = "<img src=x onerror=1>`|\u202e</details></pre><script>1</script>\x1b[31m"


def test_hostile_names_and_contents_stay_texts(read):
    change = VersionChange(
        HOSTILE,
        (HOSTILE, f"2{HOSTILE}"),
        [changed(HOSTILE, HOSTILE, f"{HOSTILE} more\n```\n{HOSTILE}")],
        said=HOSTILE,
        notes=[HOSTILE],
    )
    forms = static_version_change(change)
    page = read(forms["text/html"].partition("</style>")[2])
    assert page.roots == 1
    assert "img" not in page.tags
    for form in forms.values():
        assert not {"\u202e", "\x1b"} & set(form)
    tokens = MarkdownIt("commonmark").parse(forms["text/markdown"])
    kinds = {token.type for outer in tokens for token in [outer, *(outer.children or [])]}
    assert not kinds & {"image", "html_inline", "html_block"}
