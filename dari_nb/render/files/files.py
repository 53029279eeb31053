"""Files of a workspace as a tree with previews, and what differs between two workspaces."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from ..calls.data import data_html
from ..calls.diff import changed_counts, diff_lines
from ..markup.passive import passive
from ..markup.runs import change_runs, more_html, pre_html
from ..markup.sanitize import sanitize
from ..markup.source import language_of
from ..page.sheet import ROOT, style
from ..plain.limits import Cap, Limits
from ..plain.visible import visible, visible_name
from ..plain.words import count_text
from ..timeline.head import Head
from ..timeline.timeline import head_html

HEAD_BYTES = 20_000
"""How much of a file is read for a preview of its text."""
PICTURE_BYTES = 100_000
"""The largest picture that is shown."""
MOST_FILES = 500
"""Files of a tree; more are counted."""
MOST_PREVIEWS = 60
"""Files with a preview; in more of them nobody looks one by one."""
DIFF_BYTES = 200_000
"""The largest file whose lines are compared."""

_LIMITS = Limits(data=Cap(lines=80, chars=8_000), rows=20, picture=PICTURE_BYTES)
_TICKS = re.compile("`+")
_PICTURES = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp"}


@dataclass(frozen=True)
class ShownFile:
    """A file of a tree.

    Attributes:
        path: Its path, with ``/`` between folders.
        size_bytes: How large it is.
        head: Its first bytes, for a preview; ``None`` shows none.
    """

    path: str
    size_bytes: int
    head: bytes | None = None


@dataclass(frozen=True)
class ChangedFile:
    """A file that two workspaces do not share.

    Attributes:
        path: Its path.
        change: What happened to it, from the first to the second.
        before: Its bytes in the first; ``None`` when it is not there, or too large to compare.
        after: Its bytes in the second, likewise.
        sizes: Its size in the first and in the second; 0 where it is not there.
    """

    path: str
    change: Literal["added", "removed", "changed"]
    before: bytes | None
    after: bytes | None
    sizes: tuple[int, int]


@dataclass
class _Folder:
    folders: dict[str, _Folder] = field(default_factory=dict)
    files: list[ShownFile] = field(default_factory=list)

    def total(self) -> tuple[int, int]:
        """Count files and bytes, those of inner folders included."""
        inner = [folder.total() for folder in self.folders.values()]
        count = len(self.files) + sum(files for files, _ in inner)
        return count, sum(f.size_bytes for f in self.files) + sum(size for _, size in inner)


def is_picture(path: str) -> bool:
    """Whether a file's name says that it is a picture that can be shown."""
    return _ending(path) in _PICTURES


def size_text(size: int) -> str:
    """Say a number of bytes.

    >>> [size_text(size) for size in (0, 999, 1_200, 34_000, 5_600_000, 7_000_000_000)]
    ['0 B', '999 B', '1.2 kB', '34 kB', '5.6 MB', '7.0 GB']
    """
    if size < 1000:
        return f"{size} B"
    amount, unit = size / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def static_file_tree(
    title: str, files: Sequence[ShownFile], *, unsafe: Sequence[str] = ()
) -> dict[str, str]:
    """Render a tree of files as ``text/html``, ``text/markdown`` and ``text/plain``.

    Args:
        title: What they are files of.
        files: In any order; of more than 500 the rest is counted.
        unsafe: Paths of entries that are named as unsafe.

    >>> print(static_file_tree("workspace", [ShownFile("src/a.py", 1200)])["text/plain"])
    workspace · 1 file · 1.2 kB
    └─ src/  1.2 kB
       └─ a.py  1.2 kB
    """
    shown = sorted(files, key=lambda file: file.path)[:MOST_FILES]
    tree = _tree(shown)
    notes = []
    if len(files) > len(shown):
        notes.append(f"… {count_text(len(files) - len(shown), 'more file')} not shown")
    if unsafe:
        names = ", ".join(visible_name(path) for path in unsafe[:5])
        notes.append(f"left out as unsafe: {names}{' …' if len(unsafe) > 5 else ''}")
    total = size_text(sum(file.size_bytes for file in files))
    head = Head(title, facts=(count_text(len(files), "file"), total))
    html = f"{ROOT}{head_html(head)}{_folder_html(tree)}"
    html += "".join(more_html(_safe(note)) for note in notes) + "</div>"
    about = " · ".join([visible_name(title), *head.facts])
    return {
        "text/html": style(html) + html,
        "text/markdown": "\n".join(
            [f"**{passive(about)}**", "", *_md_lines(tree, 0), *(f"\n{passive(n)}" for n in notes)]
        ),
        "text/plain": "\n".join([about, *_plain_lines(tree, ""), *notes]),
    }


def static_file_changes(
    names: tuple[str, str], changes: Sequence[ChangedFile], *, same: int
) -> dict[str, str]:
    """Render what differs between two workspaces in the same three forms.

    Args:
        names: What the two are called.
        changes: The files that differ, in order.
        same: How many files are the same in both.
    """
    counts = [
        f"{n} {kind}"
        for kind in ("added", "removed", "changed")
        if (n := sum(change.change == kind for change in changes))
    ]
    facts = (*counts, f"{count_text(same, 'file')} the same")
    title = " → ".join(names)
    about = " · ".join([visible_name(title), *facts])
    html = f"{ROOT}{head_html(Head(title, facts=facts))}{''.join(map(_change_html, changes))}</div>"
    return {
        "text/html": style(html) + html,
        "text/markdown": passive("\n\n".join([f"**{about}**", *map(change_markdown, changes)])),
        "text/plain": "\n".join([about, *map(change_text, changes)]),
    }


def _tree(files: Sequence[ShownFile]) -> _Folder:
    root = _Folder()
    for file in files:
        *folders, _ = file.path.split("/")
        place = root
        for name in folders:
            place = place.folders.setdefault(name, _Folder())
        place.files.append(file)
    return root


def _folder_html(folder: _Folder) -> str:
    inner = [
        f"<li><details open><summary><b>{_safe(name)}/</b> {_total(sub)}</summary>"
        f"{_folder_html(sub)}</details></li>"
        for name, sub in folder.folders.items()
    ]
    inner += [f"<li>{_file_html(file)}</li>" for file in folder.files]
    return f'<ul class="dari-tree">{"".join(inner)}</ul>' if inner else ""


def _total(folder: _Folder) -> str:
    count, size = folder.total()
    return f"<small>{count_text(count, 'file')} · {size_text(size)}</small>"


def _file_html(file: ShownFile) -> str:
    name = f"<code>{_safe(_name(file.path))}</code> <small>{size_text(file.size_bytes)}</small>"
    preview = _preview(file)
    return f"<details><summary>{name}</summary>{preview}</details>" if preview else name


def _preview(file: ShownFile) -> str:
    if file.head is None or not file.size_bytes:
        return ""
    if is_picture(file.path):
        kind = _PICTURES[_ending(file.path)]
        url = f"data:image/{kind};base64,{base64.b64encode(file.head).decode()}"
        whole = len(file.head) == file.size_bytes
        html = sanitize(data_html(url, _LIMITS)) if whole else ""
        return html if "<img" in html else more_html("no picture that can be shown here")
    text = text_of(file.head)
    if text is None:
        return more_html("binary")
    rest = file.size_bytes - len(file.head)
    if rest > 0:
        # A line that is cut would look like a damaged row of a table.
        text = text.rpartition("\n")[0] or text
    shown = sanitize(data_html(text, _LIMITS, language=language_of(file.path)))
    return shown + (more_html(f"… {size_text(rest)} more") if rest > 0 else "")


def text_of(data: bytes) -> str | None:
    """Read bytes as text, up to a character that is cut at the end; ``None`` for anything else."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = error.reason == "unexpected end of data" and len(data) - error.start < 4
        return data[: error.start].decode("utf-8") if is_cut and error.start else None


def _change_html(change: ChangedFile) -> str:
    diff = change_lines(change)
    about = change_about(change)
    summary = f"<code>{_safe(change.path)}</code> <small>{about}</small>"
    if diff is None:
        return f'<p class="dari-files">{summary}</p>'
    body = sanitize(pre_html(visible("\n".join(diff)), change_runs, _LIMITS))
    return f'<details class="dari-change"><summary>{summary}</summary>{body}</details>'


def change_markdown(change: ChangedFile) -> str:
    """Write a changed file as Markdown, with its lines as a fenced diff."""
    diff = change_lines(change)
    head = f"`{visible_name(change.path).replace('`', '')}` {change_about(change)}"
    if not diff:
        return head
    text, note = _LIMITS.data.cut(visible("\n".join(diff)))
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    return "\n".join([head, "", f"{fence}diff", text, fence, *([note] if note else [])])


def change_text(change: ChangedFile) -> str:
    """Write a changed file as plain text, its lines indented."""
    text, note = _LIMITS.data.cut(visible("\n".join(change_lines(change) or [])))
    lines = [f"{visible_name(change.path)}  {change_about(change)}"]
    lines += [f"  {line}" for line in text.splitlines()]
    return "\n".join([*lines, *([f"  {note}"] if note else [])])


def change_about(change: ChangedFile) -> str:
    """Say what happened to a file: lines that came and went, or its size."""
    sizes = " → ".join(size_text(size) for size in change.sizes)
    size = {"added": size_text(change.sizes[1]), "removed": size_text(change.sizes[0])}
    lines = change_lines(change)
    if change.change != "changed" or lines is None:
        return f"{change.change} · {size.get(change.change, sizes)}"
    added, removed = changed_counts(lines)
    return f"changed · +{added} -{removed}"


def change_lines(change: ChangedFile) -> list[str] | None:
    """Return the lines of a diff; ``None`` for what is not text or too large."""
    there = [data for data in (change.before, change.after) if data is not None]
    wanted = 2 if change.change == "changed" else 1
    texts = [text_of(data) for data in there]
    if len(there) < wanted or None in texts:
        return None
    before = text_of(change.before) if change.before is not None else ""
    after = text_of(change.after) if change.after is not None else ""
    return diff_lines(before or "", after or "")


def _plain_lines(folder: _Folder, indent: str) -> Iterator[str]:
    entries = [
        (f"{visible_name(name)}/", sub.total()[1], sub) for name, sub in folder.folders.items()
    ]
    rows = [*entries, *((visible_name(_name(f.path)), f.size_bytes, None) for f in folder.files)]
    width = max((len(name) for name, _, _ in rows), default=0)
    for index, (name, size, sub) in enumerate(rows):
        last = index == len(rows) - 1
        yield f"{indent}{'└─' if last else '├─'} {name:{width}}  {size_text(size)}"
        if sub is not None:
            yield from _plain_lines(sub, indent + ("   " if last else "│  "))


def _md_lines(folder: _Folder, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, sub in folder.folders.items():
        yield f"{indent}- {_code(name + '/')} {size_text(sub.total()[1])}"
        yield from _md_lines(sub, depth + 1)
    for file in folder.files:
        yield f"{indent}- {_code(_name(file.path))} {size_text(file.size_bytes)}"


def _code(name: str) -> str:
    return f"`{visible_name(name).replace('`', '')}`"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _ending(path: str) -> str:
    return _name(path).rpartition(".")[2].lower()


def _safe(text: str) -> str:
    return escape(visible_name(text), quote=False)
