"""Drafts of answers that were changed by hand: they still say what was said before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ...models import events as ev
from ..lines import DraftLine, EventLine
from ..redaction import SCRUBBED
from ..turns import SETTLING, Turn

_WORD = re.compile("[\u2e80-\U0003ffff]|[^\\W\u2e80-\U0003ffff]+")
"""A word, which in Chinese and Japanese is a character, as nothing stands between words."""


def drafted_otherwise(turn: Turn) -> Iterator[tuple[int, int]]:
    """Give the first and the last line of drafts whose answer says something else by now.

    An answer may hold more than its drafts, and an agent may draft what is no answer at all: only
    those count that are not in the answer, and have more than half of the words in common with it.

    Args:
        turn: The turn, as it was read from a file.
    """
    text, lines = "", list[int]()
    for entry, number in zip(turn.body, turn.numbers, strict=False):
        if isinstance(entry, DraftLine) and entry.draft == "text":
            text = entry.text if entry.anew else text + entry.text
            lines.append(number)
        elif isinstance(entry, EventLine) and entry.event in SETTLING:
            is_answer = entry.event == ev.ASSISTANT_MESSAGE_COMPLETED
            if is_answer and lines and _are_other(text, _said(entry)):
                yield lines[0], lines[-1]
            text, lines = "", []


def _said(event: EventLine) -> str:
    content = event.data.get("content")
    blocks = content if isinstance(content, list) else []
    texts = (block.get("text") for block in blocks if isinstance(block, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _are_other(drafted: str, said: str) -> bool:
    if SCRUBBED in drafted:  # of one secret there may be several
        drafted, said = drafted.replace(SCRUBBED, ""), said.replace(SCRUBBED, "")
    words, others = (Counter(_WORD.findall(text)) for text in (drafted, said))
    is_part = "".join(drafted.split()) in "".join(said.split())
    return not is_part and 2 * (words & others).total() > max(words.total(), others.total())
