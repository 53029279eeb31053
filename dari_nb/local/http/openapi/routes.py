"""Operations as routes, and the description of them, which needs no key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import body_of, json_answer
from ..bodies import shaped
from . import Operation, description

DESCRIPTION = "/openapi.json"
"""Where the description is, outside ``/v1``."""


def routes_of(operations: Iterable[Operation]) -> list[Route]:
    """Make one route of each path, so that a 405 names all the methods that the path has."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation
    return [Route(path, partial(_answer, own), methods=list(own)) for path, own in paths.items()]


async def _answer(operations: Mapping[str, Operation], request: Request) -> Response:
    operation = operations["GET" if request.method == "HEAD" else request.method]
    if operation.body is None:
        return await operation.endpoint(request)
    request.state.given = await body_of(request)
    return await operation.endpoint(request, shaped(request.state.given, operation.body))


def description_route(operations: Sequence[Operation]) -> Route:
    """Make the route of ``GET /openapi.json``, which describes these operations when asked."""
    document = cache(partial(description, operations))

    async def get_description(_request: Request) -> Response:
        return json_answer(document())

    return Route(DESCRIPTION, get_description, methods=["GET"])
