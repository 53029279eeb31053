"""How much of a long content is shown and kept, and the words for what is left out."""

from __future__ import annotations

from typing import NamedTuple


class Cap(NamedTuple):
    """The most of one text."""

    lines: int
    chars: int

    def place(self, text: str) -> int | None:
        r"""Return the position to cut at; ``None`` when the rest would be empty.

        >>> Cap(lines=2, chars=100).place("a\nb\nc"), Cap(lines=2, chars=100).place("a\nb\n")
        (4, None)
        """
        head = text[: self.chars]
        *lines, rest = head.split("\n", self.lines)
        end = len(head) - (len(rest) if len(lines) == self.lines else 0)
        return end if text[end:].strip() else None

    def holds(self, text: str, start: int, end: int) -> bool:
        """Say whether a part of a text can be shown whole."""
        return end - start <= self.chars and text.count("\n", start, end) < self.lines

    def cut(self, text: str) -> tuple[str, str]:
        r"""Return the part that is shown and a note on the rest, empty when all is shown.

        >>> Cap(lines=2, chars=100).cut("a\nb\nc\nd")
        ('a\nb', '… 2 more lines (3 characters) not shown')
        """
        place = self.place(text)
        if place is None:
            return text, ""
        shown, rest = text[:place].removesuffix("\n"), text[place:].removeprefix("\n")
        lines = rest.count("\n") + 1
        many = f"{lines:,} more lines ({len(rest):,} characters)"
        return shown, f"… {many if lines > 1 else f'{len(rest):,} more characters'} not shown"


class Limits(NamedTuple):
    """Caps by kind of content.

    Attributes:
        data: The most that is kept of arguments and results. 400 lines are about ten screens,
            and 40,000 characters keep a saved notebook with a hundred calls below 5 MB.
        prose: The most that is kept of what a person or an agent wrote: about 60 pages.
        shown: What is seen of arguments and results before the rest is folded.
        prompt: Lines that are seen of a prompt before the rest is folded.
        answer: Lines that are seen of an answer before the rest is folded.
        rows: The most rows of a table.
        picture: The most bytes of a picture that is kept in the output.
    """

    data: Cap = Cap(lines=400, chars=40_000)
    prose: Cap = Cap(lines=3_000, chars=150_000)
    shown: Cap = Cap(lines=16, chars=2_400)
    prompt: int = 20
    answer: int = 200
    rows: int = 200
    picture: int = 100_000


LIMITS = Limits()


def cut(text: str, cap: Cap | None) -> tuple[str, str]:
    """Cut a text unless there is no cap."""
    return cap.cut(text) if cap else (text, "")
