"""Long texts beside each other: what is shown of each holds the first word that differs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from .limits import Cap

_WORD = re.compile(r"\S+")
_LAST_WORD = re.compile(r"(?<=\s)\S+\Z")
_LONGEST_WORD = 100
_SPACE = re.compile(r"\s+")
_STEP, _LONGEST_STEP = 64, 65_536  # characters that are copied and compared at once
_MOST_GAPS = 64  # places where white space differs, after which all words are compared
_WORDS_BEFORE = 100, 10  # that lead to what differs, where there is room for them
_WORDS_AFTER = 100  # that follow what differs last, and as many at least are left out
_SAME = "… {:,} characters not shown, the same in all"


class Excerpt(NamedTuple):
    """What is shown of a text, between notes on what is left out before and after it."""

    before: str
    text: str
    after: str

    def __str__(self) -> str:
        return "\n".join(filter(None, self))


def excerpts(texts: Sequence[str], cap: Cap) -> list[Excerpt]:
    """Return as much of each text as is shown, from words on at which all are the same still.

    White space does not count. Long beginnings and ends that are the same are left out.

    >>> for one in excerpts(["so " * 99 + "far", "so " * 99 + "good"], Cap(lines=9, chars=60)):
    ...     print(one.before, "|", one.text)
    … 267 characters not shown, the same in all | so so so so so so so so so so far
    … 267 characters not shown, the same in all | so so so so so so so so so so good
    """
    starts, ends = [0] * len(texts), list(map(len, texts))
    if any(cap.place(text) is not None for text in texts):
        starts = _starts(texts, Cap(cap.lines // 2, cap.chars // 2))
        ends = _ends(texts, starts, cap)
    return [_excerpt(*one, cap) for one in zip(texts, starts, ends, strict=True)]


def _excerpt(text: str, start: int, end: int, cap: Cap) -> Excerpt:
    before = _SAME.format(start) if start else ""
    if end < len(text):
        return Excerpt(before, text[start:end].rstrip(), _SAME.format(len(text) - end))
    shown, after = Cap(cap.lines, _whole_words(text, start, cap.chars)).cut(text[start:])
    return Excerpt(before, shown, after)


def _whole_words(text: str, start: int, most: int) -> int:
    """Return how many characters from a place on end with a word: half of one differs from all."""
    end = start + most
    if len(text) <= end or text[end].isspace():
        return most
    last = _LAST_WORD.search(text, max(start, end - _LONGEST_WORD), end)
    return last.start() - start if last and last.start() > start else most


def _starts(texts: Sequence[str], room: Cap) -> list[int]:
    """Return where to begin so that what differs is not farther away than there is room for."""
    words = [text.split() for text in texts]
    first, *others = words
    differing = [place for other in others if (place := _differing(first, other)) is not None]
    if not differing:
        return [0] * len(texts)
    word = min(differing)
    there = [each[word] if word < len(each) else "" for each in words]
    into = min(alike_characters(there[0], other) for other in there[1:])
    places = [_place(text, word) + into for text in texts]
    for start in (0, *(max(0, word - count) for count in _WORDS_BEFORE)):
        starts = [_place(text, start) if start else 0 for text in texts]
        if all(map(room.holds, texts, starts, places)):
            return starts
    return places


def _ends(texts: Sequence[str], starts: Sequence[int], cap: Cap) -> list[int]:
    """Return where to end so that little is shown behind what differs last."""
    words = [text[start:].split() for text, start in zip(texts, starts, strict=True)]
    first, *others = words
    whole = list(map(len, texts))
    differing = [place for other in others if (place := _differing(first, other)) is not None]
    if not differing:
        return whole
    same = [_differing(first[::-1], other[::-1]) for other in others]
    behind = [
        min(map(len, words)) - min(differing),
        *(count for count in same if count is not None),
    ]
    left_out = min(behind) - _WORDS_AFTER
    if left_out < _WORDS_AFTER:
        return whole
    ends = [
        start + _place(text[start:], len(each) - left_out)
        for text, start, each in zip(texts, starts, words, strict=True)
    ]
    return ends if all(map(cap.holds, texts, starts, ends)) else whole


def alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the words that are the same at the beginning of both.

    >>> alike(["so", "far"], ["so", "good"])
    1
    """
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


def _differing(one: Sequence[str], other: Sequence[str]) -> int | None:
    """Return the number of the first word that differs; ``None`` where none does."""
    number = alike(one, other)
    return number if number < max(len(one), len(other)) else None


def alike_characters(one: str, other: str, start: int = 0, place: int = 0) -> int:
    """Count the characters that are the same from a place on in each.

    >>> alike_characters("far left", "far right"), alike_characters("so far", "far", 3)
    (4, 3)
    """
    most, least, step = min(len(one) - start, len(other) - place), 0, _STEP
    while least < most and _is_same(one, start + least, other, place + least, step):
        least, step = least + step, min(2 * step, _LONGEST_STEP)
    least, most = min(least, most), min(least + step, most)
    while least < most:
        half = (most - least + 1) // 2
        if _is_same(one, start + least, other, place + least, half):
            least += half
        else:
            most = least + half - 1
    return least


def has_same_words(one: str, other: str) -> bool:
    r"""Whether white space alone tells two texts apart; read as far as where they differ.

    >>> has_same_words(" so far\n", "so  far"), has_same_words("so far", "sofar")
    (True, False)
    """
    start = place = 0
    for _ in range(_MOST_GAPS):
        alike = alike_characters(one, other, start, place)
        start, place = start + alike, place + alike
        if start == len(one) and place == len(other):
            return True
        gaps = _gap(one, start), _gap(other, place)
        if not any(gaps):
            return False
        is_after_gap = start == 0 or one[start - 1].isspace()
        is_at_end = start == len(one) or place == len(other)
        if not (all(gaps) or is_after_gap or is_at_end):
            return False
        start, place = start + gaps[0], place + gaps[1]
    return one[start:].split() == other[place:].split()


def _is_same(one: str, start: int, other: str, place: int, count: int) -> bool:
    return one[start : start + count] == other[place : place + count]


def _gap(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() - place if found else 0


def _place(text: str, word: int) -> int:
    found = next(islice(_WORD.finditer(text), word, None), None)
    return found.start() if found else len(text)
