"""What must be sent of a text of which the page has an older form. No I/O."""

from __future__ import annotations

Edit = tuple[int, int, str]
"""From where to where the older form is taken out, in UTF-16 units, and what comes there."""

_HEADER_END = "</header>"


def edits(before: str, after: str) -> list[Edit]:
    """Tell two forms of an item's HTML apart: in what stands above its text, and in the text.

    >>> edits("<p>It is</p>", "<p>It is so</p>")
    [(8, 8, ' so')]
    """
    heads = [html.partition(_HEADER_END) for html in (before, after)]
    if all(end for _, end, _ in heads):
        [(head, end, text), (new_head, _, new_text)] = heads
        return [*_edit(head, new_head, 0), *_edit(text, new_text, _units(head + end))]
    return _edit(before, after, 0)


def _edit(before: str, after: str, at: int) -> list[Edit]:
    if before == after:
        return []
    start = _alike(before, after)
    gone, come = before[start:], after[start:]
    end = _alike(gone[::-1], come[::-1])
    gone, come = gone[: len(gone) - end], come[: len(come) - end]
    at += _units(before[:start])
    return [(at, at + _units(gone), come)]


def _alike(a: str, b: str) -> int:
    """Count the characters at the beginning that are the same."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _units(text: str) -> int:
    """Length as JavaScript counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
