"""Downloading a session's files (contract, section 10)."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ...errors import (
    ApiError,
    BadRequestError,
    ConflictError,
    InvalidRequestError,
    UnexpectedAnswerError,
    WorkspaceError,
    detail_text,
)
from ...models.times import checked_seconds
from .._request import Pause, Request, Sink, Steps, path_of
from ..workspaces.workspace import MOST_BYTES, Limits, Workspace

_PAUSE = 0.5


def workspace(
    session_id: str,
    *,
    paths: Sequence[str] = (),
    dest: str | os.PathLike[str] | None = None,
    max_bytes: int = MOST_BYTES,
    limits: Limits | None = None,
    wait: float | None = None,
) -> Steps[Workspace]:
    """Download the session's files, to disk and never whole into memory (contract, section 10).

    Args:
        session_id: The session's id.
        paths: Folders below ``/workspace``; by default all of it. Single files cannot be asked
            for.
        dest: Where to keep the zip file; by default a temporary file that goes with the result.
        max_bytes: Bytes that the zip file may have at most.
        limits: What its files may be at most.
        wait: Seconds to go on asking while there is no workspace yet.

    Raises:
        BadRequestError: A path is invalid or no folder.
        ConflictError: There is no workspace yet, or not after ``wait`` seconds.
        NotFoundError: There is no such session.
        WorkspaceError: The zip file exceeds a limit.
        InvalidRequestError: A path is empty, or ``dest`` cannot be written to.

    >>> with client.sessions.workspace(turn.wait().session.id, wait=60) as workspace:
    ...     [file.path for file in workspace.files()]
    []
    """
    asked = [paths] if isinstance(paths, str) else list(paths)
    if not all(isinstance(path, str) and path for path in asked):
        raise InvalidRequestError(
            "A path of a workspace is a folder's name, not an empty text.", code="invalid_path"
        )
    handle, archive = _made(dest)
    try:
        with os.fdopen(handle, "w+b") as file:
            sink = Sink(file, max_bytes)
            yield from _download(_request(session_id, asked, sink), wait)
        _check(sink, max_bytes)
        return _opened(archive, dest, limits)
    except BaseException:
        archive.unlink(missing_ok=True)
        raise


def _made(dest: str | os.PathLike[str] | None) -> tuple[int, Path]:
    # Beside its later place, so that it gets there whole or not at all.
    folder = None if dest is None else Path(dest).parent
    try:
        handle, name = tempfile.mkstemp(suffix=".zip", dir=folder)
    except OSError as error:
        raise InvalidRequestError(
            f"Cannot write to {str(folder)!r}: {error.strerror or error}.", code="file_unwritable"
        ) from None
    return handle, Path(name)


def _request(session_id: str, paths: list[str], sink: Sink) -> Request[bytes]:
    return Request(
        method="GET",
        path=path_of("sessions", session_id, "workspace.zip"),
        parse=bytes,
        query={"path": paths} if paths else {},
        headers={"Accept": "application/zip", "Accept-Encoding": "identity"},
        sink=sink,
    )


def _check(sink: Sink, max_bytes: int) -> None:
    if sink.is_full:
        raise WorkspaceError(
            f"The workspace's zip file exceeds {max_bytes} bytes.", code="too_large"
        )


def _download(request: Request[bytes], wait: float | None) -> Steps[None]:
    end = time.monotonic() + (checked_seconds(wait, "wait") or 0)
    while True:
        try:
            yield from request.answer()
            return
        except BadRequestError as error:
            raise _explained(error, "ask for folders below /workspace, not for files") from None
        except ConflictError as error:
            left = end - time.monotonic()
            if left <= 0:
                hint = "the session has no files yet: run it first, or wait with wait=seconds"
                raise _explained(error, hint) from None
        yield Pause(min(_PAUSE, left))


def _explained(error: ApiError, hint: str) -> ApiError:
    detail = f"{detail_text(error.detail)} ({hint})"
    return type(error)(
        error.status,
        detail,
        error.method,
        error.path,
        error.request_id,
        headers=error.headers,
        retry_after=error.retry_after,
        code=error.code,
    )


def _opened(archive: Path, dest: str | os.PathLike[str] | None, limits: Limits | None) -> Workspace:
    with archive.open("rb") as file:
        if file.read(2) != b"PK":
            raise UnexpectedAnswerError("The server's answer is not a zip file.")
    if dest is None:
        return Workspace(archive, limits=limits, is_temporary=True)
    Workspace(archive, limits=limits).close()
    return Workspace(archive.replace(dest), limits=limits)
