"""The route that takes uploads (contract, section 2)."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from ..service import Refusal
from .answers import access_of, json_answer
from .bodies import malformed
from .openapi import Operations
from .openapi.shapes import record, ref

OPERATIONS = Operations()
_FORM = record({"file": {"type": "string", "contentMediaType": "application/octet-stream"}})
_ENVELOPE = 64 * 1024
"""Bytes allowed for the multipart headers around a file."""


@OPERATIONS.serve("POST", "/files", 201, ref("File"), refusals=(413, 422), form=_FORM)
async def upload_file(request: Request) -> Response:
    """Upload a file that messages can refer to."""
    limit: int = request.app.state.max_upload
    bounded = Request(request.scope, _Bounded(request, limit + _ENVELOPE))
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise malformed("Expected multipart/form-data with a part named `file`")
    try:
        async with bounded.form(max_files=1, max_fields=10) as form:
            name, content = await _read(form.get("file"))
    except (HTTPException, MultiPartException) as error:
        raise malformed(str(getattr(error, "detail", error)) or "Unreadable form") from None
    if len(content) > limit:
        raise _too_large(limit)
    access = access_of(request)
    file = access.store.add_file(name, content, access.owner)
    await access.service.deck.digests.look_at(file.id, content)
    return json_answer(file.to_wire(), 201)


async def _read(part: UploadFile | str | None) -> tuple[str, bytes]:
    if not isinstance(part, UploadFile):
        raise malformed("Field required: a file part - at `$.file`")
    return _last_component(part.filename or ""), await part.read()


def _last_component(filename: str) -> str:
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip()
    return name if name not in ("", ".", "..") else "file"


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"The file is larger than {limit} bytes")


class _Bounded:
    """Passes a request's body on until it exceeds the limit, which a header may not admit."""

    def __init__(self, request: Request, limit: int) -> None:
        self._receive = request.receive
        self._limit = limit
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen <= self._limit:
            return message
        # Read to the end, or the sender would find a broken connection instead of the answer.
        while message.get("more_body"):
            message = await self._receive()
        raise _too_large(self._limit - _ENVELOPE)
