"""The route that downloads a workspace (contract, section 10)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..archive import directory_in, zipped
from ..resources import Refusal
from .answers import backend_of


async def download_workspace(request: Request) -> Response:
    """``GET /sessions/{session_id}/workspace.zip``, of some directories or all of it."""
    backend = backend_of(request)
    session = backend.session(request.path_params["session_id"])
    root = backend.workspaces.folder(session.id)
    if root is None:
        raise Refusal(409, "No workspace yet: run the session first, then try again")
    try:
        folders = [directory_in(root, path) for path in request.query_params.getlist("path")]
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    except OSError:  # its text would name the folder on this machine
        raise Refusal(400, "No such directory in the workspace") from None
    headers = {"content-disposition": f'attachment; filename="workspace-{session.id}.zip"'}
    content = zipped(root, folders or [root])
    return StreamingResponse(content, media_type="application/zip", headers=headers)


ROUTES = [Route("/sessions/{session_id}/workspace.zip", download_workspace, methods=["GET"])]
