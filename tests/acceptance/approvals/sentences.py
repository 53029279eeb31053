"""Sentences of the package are left out of approvals, so that rewording doesn't change them.

A line is split at ``·``, ``|``, quotes and two or more spaces. A piece with three or more
consecutive words that the input doesn't have becomes ``<sentence>``, and so do several such pieces
in a row. Numbers, text of the input, and labels of one or two words stay.
"""

import html
import json
import re
from collections.abc import Callable
from typing import Any

PIECE = re.compile(r'(?:(?![·|"]|  ).)+')
WORD = re.compile(r"[^\W_]+")
MARKS = re.compile(r"[\s>#-]*")
SEVERAL = re.compile(r"<sentence>(?:[ ·]*<sentence>)+")
NEW_WORDS = 3
SHOWN = ("content", "arguments", "result", "error", "tool_name", "name", "llm_id", "metadata")
"""Fields of resources and events whose text people see."""


def shown_words(lines: list[dict[str, Any]]) -> set[str]:
    """Return the words of an input that people see, in lower case."""
    resources = [resource for line in lines for resource in line.values()]
    fields = [{**resource, **resource.get("data", {})} for resource in resources]
    shown = json.dumps([[each.get(name) for name in SHOWN] for each in fields], ensure_ascii=False)
    return {word.lower() for word in WORD.findall(re.sub(r"\\n|\\u....", " ", shown))}


def without_sentences(known: set[str]) -> Callable[[str], str]:
    r"""Return a function that replaces sentences in a text.

    >>> without_sentences({"oslo"})("Oslo · 2 turns · Nobody has rated Oslo.\n> Oslo")
    'Oslo · 2 turns · <sentence>\n> Oslo'
    """

    def replace(match: re.Match[str]) -> str:
        piece = match[0]
        if _new_in_a_row(html.unescape(piece), known) < NEW_WORDS:
            return piece
        marks = MARKS.match(piece)
        return (marks[0] if marks else "") + "<sentence>" + " " * piece.endswith(" ")

    return lambda text: SEVERAL.sub("<sentence>", PIECE.sub(replace, text))


def _new_in_a_row(piece: str, known: set[str]) -> int:
    """Return the length of the longest row of words that are neither known nor numbers."""
    longest = row = 0
    for word in WORD.findall(piece):
        row = 0 if word.lower() in known or any(map(str.isdigit, word)) else row + 1
        longest = max(longest, row)
    return longest
