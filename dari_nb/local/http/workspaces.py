"""The route that downloads a workspace (contract, section 10)."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ..agents.tools import ToolTrouble
from ..service import Refusal
from ..workspaces.folder import Folder, parts_of
from ..workspaces.zip import zipped
from .answers import access_of
from .openapi import Operations
from .openapi.shapes import TEXT, list_of

OPERATIONS = Operations()


@OPERATIONS.serve(
    *("GET", "/sessions/{session_id}/workspace.zip", 200, TEXT),
    refusals=(400, 404, 409),
    query={"path": list_of(TEXT)},
    media="application/zip",
)
async def get_workspace(request: Request) -> Response:
    """The session's files as a zip, of some directories or all of them."""
    access = access_of(request)
    session = access.session(request.path_params["session_id"])
    root = access.service.workspaces.folder(session.id)
    if root is None:
        raise Refusal(409, "No workspace yet: run the session first, then try again")
    folder = Folder(root)
    try:
        places = [_place(folder, path) for path in request.query_params.getlist("path")]
    except ToolTrouble as trouble:
        raise Refusal(400, str(trouble)) from None
    headers = {"content-disposition": f'attachment; filename="workspace-{session.id}.zip"'}
    return _Download(zipped(folder, places or [[]]), headers)


class _Download(StreamingResponse):
    """Sends a zip while it is made, and lets go of its files when the receiver goes."""

    def __init__(self, content: Generator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(content, media_type="application/zip", headers=headers)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; what is left of the zip is not made."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._content.close()


def _place(folder: Folder, path: str) -> list[str]:
    """Read the path of a folder that is there, ``reports`` and ``/workspace/reports`` alike."""
    parts = parts_of(path or "/workspace")
    with folder.directory(parts):
        return parts
