"""How much of a long content is shown, and the words for what is left out."""

from __future__ import annotations

from typing import NamedTuple


class Cap(NamedTuple):
    """The most that is shown of one text."""

    lines: int
    chars: int

    def cut(self, text: str) -> tuple[str, str]:
        r"""Return the part that is shown and a note on the rest, empty when all is shown.

        >>> Cap(lines=2, chars=100).cut("a\nb\nc\nd")
        ('a\nb', '… 2 more lines (3 characters) not shown')
        """
        shown = _first_lines(text, self.lines)
        if len(shown) > self.chars:
            shown = shown[: self.chars]
        rest = text[len(shown) :].removeprefix("\n")
        if not rest.strip():
            return text, ""
        lines = rest.count("\n") + 1
        many = f"{lines:,} more lines ({len(rest):,} characters)"
        return shown, f"… {many if lines > 1 else f'{len(rest):,} more characters'} not shown"


class Limits(NamedTuple):
    """Caps by kind of content.

    Attributes:
        data: For arguments and results. 400 lines are about ten screens, and 40,000 characters
            keep a saved notebook with a hundred calls below 5 MB.
        prose: For what a person or an agent wrote; nobody writes that much by hand.
    """

    data: Cap = Cap(lines=400, chars=40_000)
    prose: Cap = Cap(lines=5_000, chars=400_000)


LIMITS = Limits()


def cut(text: str, cap: Cap | None) -> tuple[str, str]:
    """Cut a text unless there is no cap."""
    return cap.cut(text) if cap else (text, "")


def _first_lines(text: str, count: int) -> str:
    end = -1
    for _ in range(count):
        end = text.find("\n", end + 1)
        if end < 0:
            return text
    return text[:end]
