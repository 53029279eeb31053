"""The server's description of itself, which needs no key."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..openapi import description
from .answers import json_answer

PATH = "/openapi.json"
"""Where it is, outside ``/v1``."""


def description_route(routes: Sequence[Route]) -> Route:
    """Make the route of ``GET /openapi.json``, which describes these routes."""
    served = [(method, route.path) for route in routes for method in route.methods or ()]
    document = description(served)

    async def get_description(_request: Request) -> Response:
        return json_answer(document)

    return Route(PATH, get_description, methods=["GET"])
