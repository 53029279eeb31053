"""The question by the input prompt of a terminal or a notebook, in the main thread."""

from __future__ import annotations

from ...render import arguments_text
from .approval import Question, Said, Verdict
from .leaving import Left

_WORDS: dict[str, Verdict] = {
    "y": "run",
    "yes": "run",
    "run": "run",
    "n": "refuse",
    "no": "refuse",
    "refuse": "refuse",
    "a": "always",
    "always": "always",
}
_MOST_TRIES = 5


def ask(question: Question) -> bool:
    """Ask until there is an answer; who answers nothing sensible, or has no input, refuses.

    Returns:
        Whether it was answered here; ``False`` when it was withdrawn, as at the end of its turn.

    Raises:
        KeyboardInterrupt: The user wants to decide later; nothing is refused.
    """
    try:
        with question.prompt.reading():
            question.settle(*_answer(question))
    except Left:
        return False
    return True


def _answer(question: Question) -> Said:
    asked = "Run it? [y]es, [n]o (and why, if you like), [a]lways in this session: "
    prompt = f"{arguments_text(question.call)}\n{asked}"
    for _ in range(_MOST_TRIES):
        try:
            said = input(prompt)
        except (EOFError, RuntimeError, NotImplementedError):
            return Said("refuse")
        if (understood := _understood(said)) is not None:
            return understood
        prompt = "[y]es, [n]o, or [a]lways: "
    return Said("refuse")


def _understood(said: str) -> Said | None:
    word, _, reason = said.strip().replace(",", " ", 1).partition(" ")
    verdict = _WORDS.get(word.casefold())
    if verdict is None or (reason.strip() and verdict != "refuse"):
        return None
    return Said(verdict, reason.strip())
