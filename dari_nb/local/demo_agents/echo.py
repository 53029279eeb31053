"""The demo agent ``echo``: the shortest whole turn there is."""

from ..agents.turn import Turn


def echo(prompt: str, turn: Turn) -> str:
    """Repeats the prompt. `large` quotes it and counts its words and files; `small` does not."""
    if turn.llm_id == "small":
        return prompt or "(no text)"
    quoted = "\n".join(f"> {line}" for line in prompt.splitlines()) or "> (no text)"
    return f"You wrote:\n\n{quoted}\n\n{_size(prompt, len(turn.files))}"


def _size(prompt: str, files: int) -> str:
    words, lines = len(prompt.split()), len(prompt.splitlines())
    size = f"{_count(words, 'word')} in {_count(lines, 'line')}"
    return (
        f"That is {size}, with {_count(files, 'attached file')}." if files else f"That is {size}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
