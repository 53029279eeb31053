"""The demo agent ``librarian``: answers from the files attached to the session."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple

from ..agents.turn import Attachment, ToolCall, ToolResult, Turn
from .markup import code_span, shortened

Steps = Generator[str | ToolCall | ToolResult, Any, None]

_NO_FILES = (
    "No file is attached to this session, so there is nothing to search. Attach one with "
    "`%dari_send --file PATH your question`, as often as you like: I look through all files of "
    "the session."
)
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        about all and any are can could did does file files find for from give has have how into
        is its list look me please read search show tell that the their them there these they
        this those was were what when where which who whom why will with would you your
        """,
    )
)
_READ_LIMIT = 20_000
_LINE_LIMIT = 300


class Hit(NamedTuple):
    """One line of a file and how many of the words are in it."""

    file: str
    line: int
    text: str
    words: int


def librarian(prompt: str, turn: Turn) -> Steps:
    """Answers from the files attached to the session, with quotes and line numbers.

    Its tools are `list_files`, `read_file` and `search`. `large` quotes up to eight lines and
    reads the best file in full; `small` quotes up to three and does not read. It finds words and
    does not understand questions.
    """
    yield ToolCall("list_files")
    yield ToolResult([_about(file) for file in turn.files])
    if not turn.files:
        yield _NO_FILES
        return
    named = [file for file in turn.files if file.name.lower() in prompt.lower()]
    words = _keywords(prompt, named)
    if words:
        yield from _answer(words, turn.files, is_small=turn.llm_id == "small")
    elif named:
        yield from _read(named[0])
        yield f"**{_name(named[0])}** has {_size(named[0])}. Its text is in the tool call above."
    else:
        yield _listing(turn.files)


def _answer(words: Sequence[str], files: Sequence[Attachment], *, is_small: bool) -> Steps:
    yield ToolCall("search", {"words": list(words)})
    hits = search(files, words)[: 3 if is_small else 8]
    yield ToolResult([hit._asdict() for hit in hits])
    if not hits:
        looked = ", ".join(code_span(word) for word in words)
        yield f"None of the files mentions {looked}.\n\n{_listing(files)}"
        return
    best = next(file for file in files if file.name == hits[0].file)
    if not is_small:
        yield from _read(best)
    yield _quotes(hits, words)


def _read(file: Attachment) -> Steps:
    yield ToolCall("read_file", {"name": file.name})
    if _is_binary(file):
        yield ToolResult(f"{file.name} is not a text file", is_error=True)
    else:
        yield ToolResult(shortened(file.text, _READ_LIMIT))


def search(files: Sequence[Attachment], words: Sequence[str]) -> list[Hit]:
    """Return the lines with any of the words, those with most of them first."""
    patterns = [re.compile(rf"\b{re.escape(word)}", re.IGNORECASE) for word in words]
    hits = [hit for file in files if not _is_binary(file) for hit in _hits(file, patterns)]
    return sorted(hits, key=lambda hit: -hit.words)


def _hits(file: Attachment, patterns: Sequence[re.Pattern[str]]) -> Iterator[Hit]:
    for number, line in enumerate(file.text.splitlines(), 1):
        words = sum(pattern.search(line) is not None for pattern in patterns)
        if words:
            yield Hit(file.name, number, shortened(line.strip(), _LINE_LIMIT), words)


def _keywords(prompt: str, named: Sequence[Attachment]) -> list[str]:
    """Return what a prompt asks about: its words without small ones, endings and file names."""
    for file in named:
        prompt = re.sub(re.escape(file.name), " ", prompt, flags=re.IGNORECASE)
    words = (word.lower() for word in re.findall(r"[^\W_]{2,}", prompt))
    stems = (_stem(word) for word in words if word not in _STOP_WORDS and _matters(word))
    return list(dict.fromkeys(stems))[:12]


def _matters(word: str) -> bool:
    return len(word) > 2 or word.isdigit()


def _stem(word: str) -> str:
    """Cut an English plural, so that a question about cats finds the cat."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word


def _quotes(hits: Sequence[Hit], words: Sequence[str]) -> str:
    looked = ", ".join(code_span(word) for word in words)
    lines = [f"- {_escaped(hit.file)}, line {hit.line}: {code_span(hit.text)}" for hit in hits]
    return f"I looked for {looked} and found:\n\n" + "\n".join(lines)


def _listing(files: Sequence[Attachment]) -> str:
    lines = [f"- **{_name(file)}**: {_size(file)}" for file in files]
    return "These files are attached:\n\n" + "\n".join(lines) + "\n\nAsk about any word in them."


def _about(file: Attachment) -> dict[str, Any]:
    lines = None if _is_binary(file) else len(file.text.splitlines())
    return {"name": file.name, "size_bytes": len(file.data), "lines": lines}


def _size(file: Attachment) -> str:
    size = f"{len(file.data):,} bytes"
    return size if _is_binary(file) else f"{len(file.text.splitlines()):,} lines, {size}"


def _is_binary(file: Attachment) -> bool:
    return b"\0" in file.data[:8192]


def _name(file: Attachment) -> str:
    return _escaped(file.name)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#!|~$&])", r"\\\1", " ".join(text.split()))
