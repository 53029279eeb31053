"""Items of every type, and a strict reader of the HTML that is made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from dari_nb.models import (
    AssistantMessageItem,
    TimelineItem,
    ToolCallItem,
    UserMessageItem,
    item_from_dict,
    text_block,
)

VOID = {"br", "hr", "img"}
SCHEMES = ("http://", "https://", "mailto:")
PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*")
ATTRIBUTES = {
    "align", "alt", "class", "colspan", "data-gist", "data-state", "datetime", "dir", "display",
    "href", "id", "open", "rel", "rowspan", "scope", "src", "start", "target", "title",
}  # fmt: skip
FORBIDDEN_TAGS = {
    "script", "style", "svg", "iframe", "object", "embed", "form", "input", "button", "base",
    "link", "meta", "template", "video", "audio", "annotation-xml", "foreignobject",
    "textarea", "title", "noscript", "xmp", "plaintext", "section", "marquee",
}  # fmt: skip


class Page(HTMLParser):
    """Reads HTML and holds it to what a fragment may be.

    Attributes:
        text: All text in reading order.
        hints: All texts of ``title`` attributes and link targets.
        roots: How many elements stand at the top.
        tags: All tags that occur.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.hints, self.roots, self.tags = "", "", 0, set()
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.roots += not self._open
        self.tags.add(tag)
        in_math = tag == "math" or "math" in self._open
        assert tag not in FORBIDDEN_TAGS, tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in ("style", "srcset", "action", "xlink:href"), name
            assert name != "src" or (tag == "img" and PICTURE.fullmatch(str(value))), value
            assert in_math or name in ATTRIBUTES, (tag, name)
            if name == "href":
                assert tag == "a", tag
                if re.fullmatch(r"#dari-[\w.:-]+", str(value)):
                    continue  # the link to a turn
                assert str(value).lower().startswith(SCHEMES), value
                assert dict(attrs)["rel"] == "noopener noreferrer nofollow"
            if name in ("title", "href", "alt"):
                self.hints += f" {value}"
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open, f"closed but not open: {tag}"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"declaration: {decl}")


@pytest.fixture(scope="session")
def read() -> type[Page]:
    """Read HTML strictly."""
    return Page


@pytest.fixture(scope="session")
def items_with() -> Callable[[str], list[TimelineItem]]:
    """Make one item of every type and state, with a text in every field."""
    return _items_with


@pytest.fixture(scope="session")
def fields_with() -> Callable[[str], list[TimelineItem]]:
    """Make an item for every field in which a text may stand, with the text in that field alone."""
    return _fields_with


def _items_with(text: str) -> list[TimelineItem]:
    block = {"type": text or "odd", "payload": text}
    file = {"type": "file", "file_id": text or "file_1"}
    ids = {"message_id": "msg_1", "created_at": "2026-03-31T18:40:00Z"}
    return [
        UserMessageItem(id="1", content=[text_block(text), file, block], **ids),
        AssistantMessageItem(id="2", status="completed", content=[text_block(text), block], **ids),
        AssistantMessageItem(id="3", status="failed", error_message=text, **ids),
        AssistantMessageItem(id="4", status=text, **ids),
        ToolCallItem(
            id="5",
            tool_call_id=text,
            tool_name=text,
            arguments={text or "key": text, "nested": [{"deep": [text] * 30}]},
            status="completed",
            result=text,
            **ids,
        ),
        ToolCallItem(
            id="6", tool_name="t", arguments=text, status="failed", result={"error": text}, **ids
        ),
        ToolCallItem(id="7", tool_name="t", arguments=[text], status=text, **ids),
        item_from_dict({"type": text or "odd", "id": "8", "payload": {text or "key": text}, **ids}),
    ]


def _fields_with(text: str) -> list[TimelineItem]:
    ids = {"id": "1", "message_id": "msg_1"}
    rows = [{"a": text, "b": 1}, {"a": "x", "b": 2}]
    calls: list[tuple[str, Any, Any]] = [
        (text, None, None),
        ("t", text, None),
        ("t", {"key": {text: 1}}, None),
        ("t", None, text),
        ("t", None, {"key": [text]}),
        ("t", None, rows),
        ("t", None, [{text: 1, "b": 1}, {text: 2, "b": 2}]),
        ("t", None, [{"a": {text: 1, "c": 2}, "b": 1}, {"a": {text: 2, "c": 2}, "b": 2}]),
        ("t", None, {"columns": [text, "b"], "data": [[1, 2]]}),
        ("t", None, f"name,size\n{text},1\nb,2\n"),
        ("t", None, [{"type": "text", "text": text}]),
        ("t", None, {"type": "image", "data": "AAAA", "mimeType": text}),
        ("t", None, {"type": "image_url", "image_url": {"url": text}}),
        ("bash", {"command": text}, "x"),
        ("bash", {"command": ["echo", text]}, "x"),
        ("bash", {"command": "ls", "cwd": text}, "x"),
        ("bash", {"command": "ls"}, text),
        ("bash", {"command": "ls"}, {"stdout": text, "exit_code": 1}),
        ("bash", {"command": "ls"}, {"stdout": "x", "stderr": text, "exit_code": 0}),
        ("bash", {"command": "ls"}, {"stdout": "x", "note": text}),
        ("python", {"code": text}, "x"),
        ("read", {"path": text}, "x"),
        ("read", {"path": "a.py"}, text),
        ("read", {"path": "a.json"}, text),
        ("write", {"path": text, "content": "x"}, "x"),
        ("write", {"path": "a.md", "content": text}, None),
        ("edit", {"path": text, "old": "a", "new": "b"}, None),
        ("edit", {"path": "a.py", "old": text, "new": "b"}, "x"),
        ("edit", {"path": "a.py", "old": f"{text}\nb", "new": f"{text}\nc"}, "x"),
        ("edit", {"path": "a.py", "old": "a", "new": "b"}, f"@@ -1 +1 @@\n-a\n+b\n {text}"),
        ("edit", {"path": "a", "edits": [{"old": text, "new": "b"}]}, None),
        ("apply_patch", {"patch": text}, None),
        ("apply_patch", text, None),
        ("grep", {"pattern": text, "path": "src"}, "x"),
        ("grep", {"pattern": "x", "path": text}, "x"),
        ("grep", {"pattern": "x"}, f"{text}:1:x"),
        ("grep", {"pattern": "x"}, [text]),
        ("grep", {"pattern": "x"}, {"matches": [{"line": text}]}),
        ("ls", {"path": text}, None),
        ("ls", {}, text),
    ]
    return [
        UserMessageItem(content=[text_block(text)], **ids),
        UserMessageItem(content=[{"type": text}], **ids),
        UserMessageItem(content=[{"type": "file", "file_id": text}], **ids),
        UserMessageItem(content=[{"type": "file", "file_id": "f", "filename": text}], **ids),
        AssistantMessageItem(status="completed", content=[text_block(text)], **ids),
        AssistantMessageItem(status="failed", error_message=text, **ids),
        item_from_dict({"type": text, **ids}),
        item_from_dict({"type": "odd", "field": text, **ids}),
        ToolCallItem(tool_name="t", status="failed", result=text, **ids),
        ToolCallItem(
            tool_name="bash",
            arguments={"command": "ls"},
            status="failed",
            result=f"{text}\n[Exit code 1.]",
            **ids,
        ),
        ToolCallItem(tool_name="t", status="failed", result={"detail": text}, **ids),
        *(
            ToolCallItem(tool_name=tool, arguments=given, status="completed", result=came, **ids)
            for tool, given, came in calls
        ),
    ]


@pytest.fixture
def conversation() -> list[TimelineItem]:
    """Two turns: one with two calls, one of which failed, and one that failed as a whole."""
    first = {"message_id": "msg_1"}
    second = {"message_id": "msg_2", "created_at": "2026-03-31T18:41:00Z"}
    return [
        UserMessageItem(
            id="1",
            content=[text_block("Book **HAT083**"), {"type": "file", "file_id": "file_7"}],
            created_at="2026-03-31T18:40:04Z",
            **first,
        ),
        ToolCallItem(
            id="2",
            tool_name="search",
            arguments={"origin": "JFK", "destination": "SEA"},
            status="completed",
            result=[{"flight": "HAT083"}],
            created_at="2026-03-31T18:40:05Z",
            completed_at="2026-03-31T18:40:05.300Z",
            **first,
        ),
        ToolCallItem(
            id="3",
            tool_name="book",
            arguments={"flight": "HAT083"},
            status="failed",
            is_error=True,
            result="certificates cannot be split",
            created_at="2026-03-31T18:40:06Z",
            completed_at="2026-03-31T18:40:08Z",
            **first,
        ),
        AssistantMessageItem(
            id="4",
            status="completed",
            content=[text_block("Shall I use the *card*?")],
            created_at="2026-03-31T18:40:09Z",
            **first,
        ),
        UserMessageItem(id="5", content=[text_block("Yes")], **second),
        AssistantMessageItem(
            id="6", status="failed", error_message="provider returned 529", **second
        ),
    ]
