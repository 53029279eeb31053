"""What a call does, told from its name and arguments, and how each kind looks."""

import base64
import re
import struct
import zlib

import pytest

from dari_nb.models import ToolCallItem, UserMessageItem
from dari_nb.render import Limits, item_html, timeline_html
from dari_nb.render.calls.kinds import use_of


def call(tool, arguments=None, result=None, **fields):
    return ToolCallItem(
        **{"id": "1", "tool_name": tool, "arguments": arguments, "result": result}
        | {"status": "completed"}
        | fields
    )


def summary(item):
    html = re.search(r"<summary>(.*?)</summary>", item_html(item))[1]
    return re.sub(r"<[^>]*>", "", html)


def body(item):
    return item_html(item).partition("</summary>")[2].removesuffix("</details>")


def picture(width=1, height=1):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0"))
    return base64.b64encode(content + chunk(b"IEND", b"")).decode()


@pytest.mark.parametrize(
    ("tool", "arguments", "kind"),
    [
        ("bash", {"command": "ls"}, "shell"),
        ("mcp__box__exec", {"cmd": ["ls", "-l"]}, "shell"),
        ("anything", {"command": "ls", "to": "x"}, ""),
        ("run_python", {"code": "1 + 1"}, "code"),
        ("fs.readFile", {"filePath": "a", "path": "b"}, "read"),
        ("write", {"path": "a", "content": ""}, "write"),
        ("edit", {"path": "a", "old_str": "x", "new_str": ""}, "edit"),
        ("edit", {"path": "a", "edits": [{"oldText": "x", "newText": "y"}]}, "edit"),
        ("apply_patch", "*** Begin Patch", "patch"),
        ("str_replace_based_edit_tool", {"command": "view", "path": "a"}, "read"),
        ("str_replace_editor", {"command": "create", "path": "a", "file_text": "x"}, "write"),
        ("grep", {"pattern": "x", "path": "src"}, "search"),
        ("find", {"pattern": "*.py"}, "search"),
        ("ls", None, "list"),
        ("search_direct_flight", {"origin": "JFK"}, ""),
        ("read", "text", ""),
    ],
)
def test_the_kind_of_a_call_is_told_from_its_name_and_arguments(tool, arguments, kind):
    assert use_of(call(tool, arguments)).kind == kind


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (call("bash", {"command": "ls -l\nwc"}, "a\nb\n"), "bash ls -l 2 lines"),
        (call("bash", {"command": "ls"}, "boom\nExit code: 1"), "bash ls exit 1"),
        (call("bash", {"command": "true"}, {"stdout": "", "exit_code": 0}), "bash true done"),
        (call("write", {"path": "a.py", "content": "x\ny\n"}, "ok"), "write a.py 2 lines"),
        (
            call("edit", {"path": "a", "old": "x\ny", "new": "x\nz\nz"}, "ok"),
            "edit a +2 \u22121",
        ),
        (call("grep", {"pattern": "x", "path": "src"}, "a:1:x\nb:2:x"), "grep x · src 2 hits"),
        (call("ls", {"path": "/workspace"}, ["a", "b"]), "ls /workspace 2 entries"),
        (call("ls", {}, "[The folder is empty.]"), "ls no entries"),
        (call("grep", {"pattern": "x"}, "[No line fits.]"), "grep x no hits"),
        (call("search", {"query": "x"}, "a\nb\nc"), "search x 3 lines"),
        (call("bash", {"command": "ls"}, "no", is_error=True), "bash ls failed no"),
        (
            call("bash", {"command": "x"}, "start\nx: not found\n[Exit code 127.]", is_error=True),
            "bash x exit 127 x: not found",
        ),
    ],
)
def test_a_summary_says_what_happened(item, line):
    assert summary(item) == line


def test_a_command_shows_what_was_typed_printed_and_how_it_ended():
    result = {"stdout": "\x1b[32mok\x1b[0m", "stderr": "warned", "exit_code": 2, "seconds": 1}
    html = body(call("bash", {"command": "make", "timeout": 9}, result))
    assert '<dd><pre><span class="c">$ </span>make</pre></dd>' in html
    assert '<dt>Output · exit code 2</dt><dd><pre><span class="s">ok</span></pre></dd>' in html
    assert "<dt>Error output</dt><dd><pre>warned</pre></dd>" in html
    assert "timeout" in html
    assert "seconds" in html


def test_a_file_is_shown_in_the_colours_of_its_language():
    assert '<span class="k">def</span>' in body(call("read", {"path": "a.py"}, "def f(): 0"))
    assert "<span" not in body(call("read", {"path": "a.txt"}, "def f(): 0"))


def test_an_edit_is_a_diff_with_little_around_it():
    old = "\n".join(f"line {n}" for n in range(40))
    html = body(call("edit", {"path": "a", "old": old, "new": old.replace("line 20", "new")}))
    assert '<span class="m">-line 20\n</span><span class="p">+new\n</span>' in html
    assert "… 12 unchanged\n line 12\n" in html
    assert html.count("line") == 17


def test_a_tool_that_answers_with_the_same_diff_shows_it_once():
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n"
    html = body(call("edit", {"path": "x", "old": "one", "new": "two"}, diff))
    assert html.count("two") == 1
    assert "+++ b/x" in html
    parts = "Edited:\n@@ line 3 @@\n def f():\n-    one = 1\n+    two = 1"
    html = body(call("edit", {"path": "x", "old": "one", "new": "two"}, parts))
    assert html.count("two") == 1
    other = "@@ -1 +1 @@\n-one\n+three\n"
    assert "two" in body(call("edit", {"path": "x", "old": "one", "new": "two"}, other))


def test_a_diff_in_any_output_is_marked():
    diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n"
    html = body(call("bash", {"command": "git diff"}, diff))
    assert '<span class="m">-one\n</span><span class="p">+two\n</span>' in html
    assert '<span class="c">diff --git' in html


def test_uniform_objects_are_a_table_with_figures_to_the_right():
    rows = [{"name": "a", "price": {"low": 1, "high": 2.5}}, {"name": "b", "price": {"low": 3}}]
    html = body(call("t", None, rows))
    assert '<tr><th></th><th colspan="2">price</th></tr>' in html
    assert '<tr><th>name</th><th align="right">low</th><th align="right">high</th></tr>' in html
    assert '<tr><td>b</td><td align="right">3</td><td align="right"></td></tr>' in html


@pytest.mark.parametrize(
    "value",
    [
        [{"a": 1, "b": 2}],
        [{"a": 1}, {"b": 2}, {"c": 3}],
        [{"a": 1, "b": [1, 2]}, {"a": 1, "b": []}],
        [{"a": 1, "b": "x" * 200}, {"a": 1, "b": ""}],
        {"columns": ["a"], "data": [[1], [2]], "more": 1},
        "Dear all,\nI write to you, and to them,\nwith a wish, and another",
    ],
)
def test_what_is_no_table_stays_what_it_is(value):
    assert "<table>" not in body(call("t", None, value))


@pytest.mark.parametrize(
    "value",
    [
        "day,n\nMon,1\nTue,2\n",
        'day\tn\n"Mon, early"\t1\nTue\t2',
        {"columns": ["day", "n"], "data": [["Mon", 1], ["Tue", 2]], "index": [0, 1]},
        '[{"day": "Mon", "n": 1}, {"day": "Tue", "n": 2}]',
    ],
)
def test_tables_are_found_in_the_usual_forms(value):
    html = body(call("t", None, value))
    assert '<th>day</th><th align="right">n</th>' in html
    assert '<td>Tue</td><td align="right">2</td>' in html


def test_a_long_table_says_how_many_rows_are_left_out():
    rows = [{"a": n, "b": n} for n in range(300)]
    assert "… 100 more rows not shown" in body(call("t", None, rows))


def test_a_small_picture_is_shown_and_a_large_one_named():
    data = picture()
    block = {"type": "image", "data": data, "mimeType": "image/png"}
    shown = f'<img src="data:image/png;base64,{data}" alt="image/png">'
    assert shown in body(call("plot", None, [{"type": "text", "text": "done"}, block]))
    assert shown in body(call("plot", None, f"data:image/png;base64,{data}"))
    assert shown in item_html(UserMessageItem(id="1", content=[block]))
    html = item_html(call("plot", None, block), limits=Limits(picture=10))
    assert "<img" not in html
    assert re.search(r"image/png, \d+ bytes: not shown here", html)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/svg+xml", base64.b64encode(b"<svg onload=alert(1)>").decode()),
        ("image/png", base64.b64encode(b"<script>").decode()),
        ("image/jpeg", picture()),
        ("image/png", picture(width=2**31 - 1)),
    ],
)
def test_what_is_not_surely_a_picture_is_shown_as_data(kind, data):
    html = body(call("t", None, {"type": "image", "data": data, "mimeType": kind}))
    assert "<img" not in html
    assert data.strip()[:20] in html


def test_many_calls_in_a_row_are_one_fold_that_sums_them_up():
    def at(second, **fields):
        times = {"created_at": f"2026-03-31T18:40:0{second}Z"}
        done = f"2026-03-31T18:40:0{second}.400Z"
        return (
            call("grep", {"pattern": "x"}, "y", completed_at=done, message_id="m", **times)
            if (not fields)
            else call("grep", message_id="m", **times, **fields)
        )

    calls = [at(1), at(2), at(3, status="failed")]
    assert "dari-work" not in timeline_html(calls)
    html = timeline_html([*calls, at(4)])
    assert html.count("<details") == 5
    assert (
        "<code>4 calls</code> <span>grep</span> "
        '<small class="r">1 failed · 1.2 s</small> <time datetime="2026-03-31T18:40:01Z"'
    ) in html
    assert '<details class="dari-work"><summary>' in html
    waiting = timeline_html([*calls, at(4, status="requested")])
    assert '<details class="dari-work" open><summary>' in waiting
    assert "1 failed · 1 open" in waiting
