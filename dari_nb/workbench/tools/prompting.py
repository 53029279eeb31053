"""The question by the input prompt of a terminal or a notebook, in the main thread."""

from __future__ import annotations

from ...render import arguments_text
from .approval import Question, Verdict

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


def ask(question: Question) -> None:
    """Ask until there is an answer; who answers nothing sensible, or has no input, refuses.

    Raises:
        KeyboardInterrupt: The user wants to decide later; nothing is refused.
    """
    question.settle(_answer(question))


def _answer(question: Question) -> Verdict:
    prompt = f"{arguments_text(question.call)}\nRun it? [y]es, [n]o, [a]lways in this session: "
    for _ in range(_MOST_TRIES):
        try:
            said = input(prompt)
        except (EOFError, RuntimeError, NotImplementedError):
            return "refuse"
        if (verdict := _WORDS.get(said.strip().casefold())) is not None:
            return verdict
        prompt = "[y]es, [n]o, or [a]lways: "
    return "refuse"
