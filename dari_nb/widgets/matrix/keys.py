"""What the keys of a matrix do, as the reader is told; the front end does it."""

from __future__ import annotations

_KEYS = (
    ("↑ ↓ ← →", "another cell"),
    ("Enter", "open it, or a number's cells"),
    ("Space", "select it to compare"),
    ("c", "compare these"),
    ("1\N{EN DASH}5", "rate it: 1 is the worst"),
    ("0 Delete", "take its rating back, as its number does"),
    ("n", "write a note; Escape undoes it"),
    ("?", "these keys"),
    ("Esc", "close it"),
)


def keys_html() -> str:
    """Render the sheet of all keys."""
    rows = (
        f"<div><dt>{''.join(f'<kbd>{key}</kbd>' for key in keys.split())}</dt><dd>{does}</dd></div>"
        for keys, does in _KEYS
    )
    return f'<dl class="dari-keys" aria-label="Keys">{"".join(rows)}</dl>'
