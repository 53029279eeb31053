"""The formats, in the order in which they are asked, and the one way to read a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...models.nesting import is_nested_deeper
from ..chat import ROLES
from . import anthropic, atif, chat_completions, responses, swe_agent
from .inspect import logs as inspect_logs
from .runs import Format, Run
from .unknown import unknown

FORMATS: dict[str, Format] = {
    form.NAME: form
    for form in (
        inspect_logs,
        atif,
        swe_agent,
        responses,
        anthropic,
        chat_completions,
    )
}
"""The formats by name; the first that recognises a document reads it."""

MAX_NESTING = 100


def read_document(document: Any) -> Iterator[Run]:
    """Read the runs of a document.

    Raises:
        ValueError: It is of no known format, or breaks it.
    """
    if is_nested_deeper(document, MAX_NESTING):
        raise ValueError(f"nested more than {MAX_NESTING} levels deep")
    document = _joined(document)
    form = format_of(document)
    if form is not None:
        yield from _read(form, document)
    elif isinstance(document, list) and document and format_of(_joined(document[0])) is not None:
        yield from _rows(document)
    elif isinstance(document, list) and any(map(_is_message, document)):
        # What is wrong is said of the messages.
        yield from _read(chat_completions, document)
    else:
        raise ValueError(unknown(document, FORMATS))


def _is_message(part: Any) -> bool:
    return isinstance(part, dict) and part.get("role") in ROLES


def format_of(document: Any) -> Format | None:
    """Return the format of a document; ``None`` where none recognises it."""
    return next((form for form in FORMATS.values() if form.recognises(document)), None)


def _joined(document: Any) -> Any:
    """Join a request and its response, as they are logged, each perhaps in a ``body``."""
    if not isinstance(document, dict):
        return document
    halves = [_body(document.get(name)) for name in ("request", "response")]
    if not halves[1]:
        return document
    rest = {key: value for key, value in document.items() if key not in ("request", "response")}
    joined = {**rest, **halves[0], **halves[1]}
    return document if format_of(joined) is None else joined


def _body(half: Any) -> dict[str, Any]:
    about = half if isinstance(half, dict) else {}
    body = about.get("body")
    return body if isinstance(body, dict) else about


def _rows(rows: list[Any]) -> Iterator[Run]:
    """Read a list of documents."""
    for number, row in enumerate(rows, 1):
        whole = _joined(row)
        form = format_of(whole)
        if form is None:
            raise ValueError(f"entry {number}: {unknown(row, FORMATS)}")
        try:
            yield from _read(form, whole)
        except ValueError as error:
            raise ValueError(f"entry {number}: {error}") from None


def _read(form: Format, document: Any) -> Iterator[Run]:
    yield from map(completed, form.read(document))


def completed(run: Run) -> Run:
    """Say what is the same for all formats: what is lost, and where tokens of the run stand."""
    run.lost = FORMATS[run.format].LOST
    for name, count in run.usage.items():
        run.metadata.setdefault(name, str(count))
    if len(run.turns) == 1 and not run.turns[0].usage:
        run.turns[0].usage = dict(run.usage)
    return run
