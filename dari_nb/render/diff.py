"""What an edit changed, as the lines of a unified diff without its header."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from .kinds import Use

GAP = "…"
"""Stands for unchanged lines that are left out."""

_CONTEXT = 3  # unchanged lines around a change
_MOST = 2_000  # lines; comparing is not linear, and beyond this nobody reads it line by line


def diff_lines(old: str, new: str) -> list[str]:
    r"""Compare two texts line by line.

    Returns:
        Lines that begin with a space, ``-`` or ``+``; ``…`` where unchanged lines are left out.

    >>> diff_lines("a\nb", "a\nc")
    [' a', '-b', '+c']
    """
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > _MOST:
        return _replaced(before, after)
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT)
    lines: list[str] = []
    for group in groups:
        if lines:
            lines.append(GAP)
        for tag, a, b, c, d in group:
            if tag == "equal":
                lines += [f" {line}" for line in before[a:b]]
            else:
                lines += _replaced(before[a:b], after[c:d])
    return lines or [f" {line}" for line in before]


def changed_counts(lines: Sequence[str]) -> tuple[int, int]:
    """Count added and removed lines of a diff or patch; file headers are neither."""
    return sum(_is_change(line, "+") for line in lines), sum(
        _is_change(line, "-") for line in lines
    )


def changed_lines(use: Use) -> list[str]:
    """The lines of the diff or patch that an edit is."""
    if "patch" in use.parts:
        return str(use.parts["patch"]).splitlines()
    pairs = use.parts.get("edits") or [(use.parts.get("old", ""), use.parts.get("new", ""))]
    lines: list[str] = []
    for old, new in pairs:
        lines += [GAP, *diff_lines(old, new)]
    return lines[1:]


def _replaced(before: Sequence[str], after: Sequence[str]) -> list[str]:
    return [f"-{line}" for line in before] + [f"+{line}" for line in after]


def _is_change(line: str, sign: str) -> bool:
    return line.startswith(sign) and not line.startswith(sign * 3)
