"""What an operation takes, answers and refuses, said once: on the function that answers it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar, get_type_hints

from starlette.responses import Response

from ...store.records import JsonObject

JSON = "application/json"
Endpoint = Callable[..., Awaitable[Response]]
_Endpoint = TypeVar("_Endpoint", bound=Endpoint)


class Operation(NamedTuple):
    """One method of one path.

    Attributes:
        endpoint: What answers: a function of the request and, when it has a parameter ``body``, of
            the JSON body. Its name is the operation's id, the first line of its docstring the
            summary.
        body: The type that is written at the parameter ``body``; ``None`` when there is none.
        method: The HTTP method.
        path: The path below ``/v1``, with its parameters in braces.
        status: The code when it works.
        answer: The answer's schema.
        refusals: Codes of its own errors. 401 comes with each, 403 with each id in the path,
            413 and 422 with each JSON body; they are not repeated here.
        form: The schema of a form, when it takes one.
        parameters: Schemas of parameters in the path that cannot be any text.
        query: Query parameters by name, with their schemas.
        required_query: Those among them that must be there.
        headers: Request headers by name, with their schemas.
        media: The answer's media type.
    """

    endpoint: Endpoint
    body: Any
    method: str
    path: str
    status: int
    answer: JsonObject
    refusals: tuple[int, ...] = ()
    form: JsonObject | None = None
    parameters: Mapping[str, JsonObject] = {}
    query: Mapping[str, JsonObject] = {}
    required_query: tuple[str, ...] = ()
    headers: Mapping[str, JsonObject] = {}
    media: str = JSON

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.endpoint.__name__

    @property
    def summary(self) -> str:
        """One line about it."""
        return (inspect.getdoc(self.endpoint) or "").partition("\n")[0].removesuffix(".")


class Operations(list[Operation]):
    """The operations of a module, in the order in which they are declared.

    >>> operations = Operations()
    >>> @operations.serve("GET", "/agents", 200, {"type": "object"})
    ... async def list_agents(request):
    ...     '''Agents that are not deleted.'''
    >>> operations[0].name, operations[0].summary
    ('list_agents', 'Agents that are not deleted')
    """

    def serve(
        self, method: str, path: str, status: int, answer: JsonObject, **more: Any
    ) -> Callable[[_Endpoint], _Endpoint]:
        """Declare the operation that the function below answers, by the fields of `Operation`."""

        def declare(endpoint: _Endpoint) -> _Endpoint:
            body = get_type_hints(endpoint, include_extras=True).get("body")
            self.append(Operation(endpoint, body, method, path, status, answer, **more))
            return endpoint

        return declare
