"""The tasks of a batch: texts, content blocks, dicts, a DataFrame, a CSV or JSONL file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ...errors import InvalidRequestError
from ...models import Content, as_content, text_of
from ...models.batches import RUN_METADATA
from ..sessions.arguments import metadata_of
from .keys import digest, file_digest

Tasks = Any
"""A list of texts, content blocks, dicts or tasks of a batch; a DataFrame; or a path to a table.

Tables are CSV and JSONL files.
"""

_TABLES = (".csv", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Task:
    """One task: what is sent, and what the user knows about it.

    Attributes:
        index: Its place in the batch, from 0.
        content: Content blocks without the files that are yet to be uploaded.
        metadata: Texts by name; kept on each of its sessions.
        files: What is uploaded and attached: digests of the files by their paths.
        known_key: Its key, when it was read back from a session.
        title: What it is called, when its content is not known.

    >>> batch.tasks[0].index, batch.tasks[0].text
    (0, '2 / 3')
    """

    index: int
    content: Content
    metadata: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    known_key: str | None = None
    title: str | None = None

    @property
    def text(self) -> str:
        """The text of it."""
        return text_of(self.content)

    @property
    def label(self) -> str:
        """The text, or what there is instead."""
        kinds = ", ".join(str(block.get("type")) for block in self.content)
        return (
            self.text
            or self.title
            or (f"({kinds})" if kinds else "(unknown: no session was created)")
        )

    @cached_property
    def key(self) -> str:
        """Stands for its content, metadata and the bytes of its files."""
        files = list(self.files.values())
        return self.known_key or digest("task", self.content, dict(self.metadata), files)[:16]

    @cached_property
    def size(self) -> int:
        """How many bytes of JSON it takes to ask it, without its files."""
        sent = json.dumps([self.content, dict(self.metadata)], ensure_ascii=False)
        return len(sent.encode(errors="surrogatepass"))


def read_tasks(
    tasks: Tasks,
    *,
    prompt: str = "prompt",
    metadata: Mapping[str, Any] | None = None,
    files: Iterable[str | Path] = (),
) -> list[Task]:
    """Read tasks in any of their forms.

    Args:
        tasks: See :data:`Tasks`. A dict has ``prompt`` or ``content``, and perhaps ``metadata``
            and ``files``; all its other entries, and all other columns of a table, are metadata.
        prompt: The column, or entry of a dict, that is sent.
        metadata: Goes to all tasks.
        files: Paths that go to all tasks.

    Raises:
        InvalidRequestError: There is no task, one is empty or malformed, or two are the same; the
            text says which.

    >>> [task.text for task in read_tasks(["Hi", {"prompt": "Ho", "level": 2}])]
    ['Hi', 'Ho']
    """
    shared = {"metadata": metadata_of(metadata) or {}, "files": _paths(files)}
    digest_of = cache(file_digest)  # a file of many tasks is read once
    read = [_task(index, row, prompt, shared, digest_of) for index, row in enumerate(_rows(tasks))]
    if not read:
        raise InvalidRequestError("There is no task: give at least one.", code="missing_task")
    _check_different(read)
    return read


def _check_different(tasks: Sequence[Task]) -> None:
    """Refuse what is asked in several rows: each would count as evidence of its own."""
    places: dict[str, list[int]] = {}
    for task in tasks:
        places.setdefault(task.key, []).append(task.index)
    same = next((found for found in places.values() if len(found) > 1), None)
    if same is not None:
        raise InvalidRequestError(
            f"tasks[{same[0]}] and tasks[{same[1]}] are the same: give each task once, and "
            f"repeats={len(same)} to ask more often; or tell them apart by metadata, such as an "
            "id.",
            code="duplicate_entry",
        )


def _rows(tasks: Tasks) -> Iterable[Any]:
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(tasks, pandas.DataFrame):
        return _frame_rows(tasks, pandas)
    if pandas is not None and isinstance(tasks, pandas.Series):
        return list(tasks)
    if isinstance(tasks, Path) or (isinstance(tasks, str) and tasks.lower().endswith(_TABLES)):
        return _file_rows(Path(tasks).expanduser())
    if isinstance(tasks, str | bytes | Mapping) or not isinstance(tasks, Iterable):
        raise InvalidRequestError(
            "Tasks are a list, a DataFrame, or a path to a .csv or .jsonl file; "
            f"put a single one into a list, not {type(tasks).__name__}.",
            code="invalid_tasks",
        )
    return tasks


def _frame_rows(frame: Any, pandas: Any) -> Iterator[dict[str, Any]]:
    for row in frame.to_dict("records"):
        yield {
            str(k): v
            for k, v in row.items()
            if not (pandas.api.types.is_scalar(v) and pandas.isna(v))
        }


def _file_rows(path: Path) -> list[Any]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if path.suffix.lower() == ".csv":
                return [_without_gaps(row) for row in csv.DictReader(lines)]
            if path.suffix.lower() in _TABLES:
                return [json.loads(line) for line in lines if line.strip()]
    except OSError as error:
        raise InvalidRequestError(
            f"{path} cannot be read: {error.strerror or error}.",
            code="file_not_found" if isinstance(error, FileNotFoundError) else "file_unreadable",
        ) from None
    except (ValueError, csv.Error, RecursionError) as error:
        raise InvalidRequestError(
            f"{path} cannot be read: {error}.", code="file_unreadable"
        ) from None
    raise InvalidRequestError(
        f"{path} is no table of tasks: give a .csv or .jsonl file.", code="invalid_file"
    )


def _without_gaps(row: Mapping[str | None, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key is not None and value not in (None, "")}


def _task(
    index: int,
    row: Any,
    prompt: str,
    shared: Mapping[str, Any],
    digest_of: Callable[[str], str],
) -> Task:
    try:
        given = _parts(row, prompt)
        own = _mapping(given.pop("metadata", None))
        content = _content(given.pop("content"))
        paths = [*shared["files"], *_paths(given.pop("files", ()))]
        files = {path: digest_of(path) for path in paths}
        metadata = _texts({**shared["metadata"], **given, **own})
        _check_characters([content, metadata])
    except InvalidRequestError as error:
        raise InvalidRequestError(f"tasks[{index}]: {error}", code=error.code) from None
    return Task(index, content, metadata, files)


def _check_characters(sent: Any) -> None:
    try:
        json.dumps(sent, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        broken = error.object[error.start]
        raise InvalidRequestError(
            f"It holds half a character, {broken!a}, which cannot be sent.", code="invalid_text"
        ) from None
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"It cannot be sent as JSON: {error}.", code="invalid_json"
        ) from None


def _parts(row: Any, prompt: str) -> dict[str, Any]:
    """Give a task the form of a dict with ``content``."""
    if isinstance(row, Task):
        return {"content": row.content, "metadata": row.metadata, "files": list(row.files)}
    if isinstance(row, Mapping):
        given = {str(key): value for key, value in row.items()}
        name = next((name for name in (prompt, "content") if name in given), None)
        if name is None:
            has = ", ".join(given) or "nothing"
            raise InvalidRequestError(
                f"It has no {prompt!r} (prompt= names another); it has: {has}.",
                code="missing_prompt",
            )
        content = given.pop(name)
        return {**given, "content": content}
    return {"content": row}


def _content(content: Any) -> Content:
    is_list = isinstance(content, Sequence) and all(isinstance(b, Mapping) for b in content)
    if not (isinstance(content, str) or is_list):
        raise InvalidRequestError(
            f"It is a text, content blocks or a dict, not {type(content).__name__}.",
            code="invalid_message",
        )
    return as_content(content)


def _mapping(metadata: Any) -> Mapping[str, Any]:
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidRequestError(
            "Its metadata is a dict of texts by name.", code="invalid_metadata"
        )
    return metadata or {}


def _paths(files: Any) -> list[str]:
    if isinstance(files, str | Path):
        return [str(files)]
    if not isinstance(files, Iterable):
        raise InvalidRequestError("files is a list of paths.", code="invalid_files")
    return [str(path) for path in files]


def _texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Make metadata what the API takes: texts by name (contract, section 5)."""
    taken = RUN_METADATA & set(metadata)
    if taken:
        raise InvalidRequestError(
            f"The batch itself uses the metadata {min(taken)!r}: rename it.", code="name_reserved"
        )
    return {str(key): _text(value) for key, value in metadata.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
