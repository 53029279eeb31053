"""What an edit changed, as the lines of a unified diff without its header."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from ..plain.visible import visible
from .kinds import Use

_CONTEXT = 8  # unchanged lines around a change
_MOST = 2_000  # lines; comparing is not linear, and beyond this nobody reads it line by line


def diff_lines(old: str, new: str) -> list[str]:
    r"""Compare two texts line by line.

    Returns:
        Lines that begin with a space, ``-`` or ``+``, and with ``…`` where unchanged ones are
        left out.

    >>> diff_lines("a\nb", "a\nc")
    [' a', '-b', '+c']
    """
    return list(_compared(old, new))


@lru_cache(maxsize=16)  # the summary, the body and other forms of an edit ask in turn
def _compared(old: str, new: str) -> tuple[str, ...]:
    before, after = _lines(old), _lines(new)
    if len(before) + len(after) > _MOST:
        return tuple(_replaced(before, after))
    groups = SequenceMatcher(None, before, after).get_grouped_opcodes(_CONTEXT)
    lines: list[str] = []
    end = 0
    for group in groups:
        lines += _gap(group[0][1] - end)
        for tag, a, b, c, d in group:
            same = [f" {line}" for line in before[a:b]]
            lines += same if tag == "equal" else _replaced(before[a:b], after[c:d])
        end = group[-1][2]
    return (*lines, *_gap(len(before) - end))


def changed_counts(lines: Sequence[str]) -> tuple[int, int]:
    """Count added and removed lines of a diff or patch; file headers are neither."""
    return sum(_is_change(line, "+") for line in lines), sum(
        _is_change(line, "-") for line in lines
    )


def changed_lines(use: Use) -> list[str]:
    """The lines of the diff or patch that an edit is."""
    if "patch" in use.parts:
        return _lines(use.parts["patch"])
    pairs = use.parts.get("edits") or [(use.parts.get("old", ""), use.parts.get("new", ""))]
    lines: list[str] = []
    for old, new in pairs:
        lines += [*(["…"] if lines else []), *diff_lines(old, new)]
    return lines


def _lines(text: str) -> list[str]:
    return visible(text).removesuffix("\n").split("\n") if text else []


def _gap(count: int) -> list[str]:
    return [f"… {count:,} unchanged"] if count else []


def _replaced(before: Sequence[str], after: Sequence[str]) -> list[str]:
    return [f"-{line}" for line in before] + [f"+{line}" for line in after]


def _is_change(line: str, sign: str) -> bool:
    return line.startswith(sign) and not line.startswith(sign * 3)
