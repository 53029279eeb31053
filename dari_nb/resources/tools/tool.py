"""``@dari.tool``: a function that an agent may call."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any, Generic, Literal, ParamSpec, TypeVar, cast, overload

from ...errors import InvalidRequestError
from .signature import Signature

P = ParamSpec("P")
R = TypeVar("R")

Approve = Literal["ask", "always"] | Callable[[str, Any], Any]
"""Who decides whether a call is run: the user, nobody, or a function of name and arguments.

The function, plain or async, returns ``True``, or ``False`` or a text that says why not.
"""

RESERVED = frozenset({"bash", "edit", "find", "grep", "ls", "read", "write"})
"""Names of the tools that the platform brings along (contract, section 15)."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class Tool(Generic[P, R]):
    """A Python function that an agent can call; calling it calls the function.

    Attributes:
        name: What the agent calls it.
        description: What the agent is told of it.
        input_schema: The JSON Schema of its arguments.
        timeout: Seconds that a call may take; ``None`` for any time.
        approve: Who decides whether a call is run; ``None`` leaves it to where the tool is given.

    Raises:
        InvalidRequestError: The function cannot be a tool; the text says why.

    >>> @dari.tool
    ... def add(a: int, b: int = 1) -> int:
    ...     "Add two numbers."
    ...     return a + b
    >>> add(2), add.spec()["input_schema"]["required"]
    (3, ['a'])
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        timeout: float | None = None,
        approve: Approve | None = None,
    ) -> None:
        if not callable(function):
            raise InvalidRequestError(
                f"A tool is a function, not {type(function).__name__}.", code="not_a_function"
            )
        functools.update_wrapper(self, function)
        self.name = _checked_name(name or str(getattr(function, "__name__", "")))
        self.timeout = _checked_timeout(timeout)
        self.approve = checked_approve(approve)
        self.function = function
        self._signature = Signature(function, self.name)
        self.description = self._signature.description or self.name.replace("_", " ")
        self.input_schema = self._signature.schema

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself, with nothing checked and nobody asked."""
        return self.function(*args, **kwargs)

    def spec(self) -> dict[str, Any]:
        """Return name, description and ``input_schema``, as a model or a manifest wants them."""
        return {
            "name": self.name,
            "description": self.description,
            "input_schema": self.input_schema,
        }

    def prepare(self, arguments: Any) -> Callable[[], R]:
        """Check and convert an agent's arguments; returns the call, ready to be made.

        Raises:
            InvalidRequestError: They do not fit the schema.
        """
        positional, named = self._signature.bind(arguments)
        return cast("Callable[[], R]", functools.partial(self.function, *positional, **named))

    def __repr__(self) -> str:
        return f"<Tool {self.name}({', '.join(self.input_schema['properties'])})>"


@overload
def tool(
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    timeout: float | None = None,
    approve: Approve | None = None,
) -> Tool[P, R]: ...


@overload
def tool(
    *, name: str | None = None, timeout: float | None = None, approve: Approve | None = None
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    timeout: float | None = None,
    approve: Approve | None = None,
) -> Any:
    """Make a function, plain or async, a tool of the kernel.

    Its type hints and its docstring tell the agent how to call it. Arguments are checked and
    converted before a call. What it returns becomes JSON, see
    :func:`dari_nb.resources.tools.values.as_json`.

    Args:
        function: The function, where it is no decorator, or one without arguments.
        name: What the agent calls it; the function's name by default.
        timeout: Seconds that a call may take; then the agent is told that it took too long.
        approve: ``"ask"`` (the default) asks before each call, ``"always"`` runs it, and a
            function of name and arguments decides.

    Raises:
        InvalidRequestError: The function cannot be a tool.

    >>> @dari.tool(name="area", timeout=5, approve="always")
    ... def rectangle(width: float, height: float) -> float:
    ...     "Area of a rectangle."
    ...     return width * height
    >>> rectangle
    <Tool area(width, height)>
    """
    made = functools.partial(Tool, name=name, timeout=timeout, approve=approve)
    return made if function is None else made(function)


Given = Callable[..., Any] | Iterable[Callable[..., Any]]
"""Tools and plain functions, as users give them."""


def as_tools(given: Given) -> dict[str, Tool[..., Any]]:
    """Return tools by name; plain functions become tools.

    Raises:
        InvalidRequestError: Something cannot be a tool, or two have the same name.
    """
    if not callable(given) and not isinstance(given, Iterable):
        raise InvalidRequestError(
            f"tools is a list of functions, not {given!r:.80}.", code="invalid_tool"
        )
    listed = [given] if callable(given) else list(given)
    tools: dict[str, Tool[..., Any]] = {}
    for one in listed:
        made = one if isinstance(one, Tool) else Tool(one)
        if made.name in tools and tools[made.name].function is not made.function:
            raise InvalidRequestError(
                f"Two tools are called {made.name}: give one a name=.", code="name_taken"
            )
        tools[made.name] = made
    return tools


def checked_approve(approve: Approve | None) -> Approve | None:
    """Return what was given for ``approve``.

    Raises:
        InvalidRequestError: It is none of the three.
    """
    if approve is None or approve in ("ask", "always") or callable(approve):
        return approve
    raise InvalidRequestError(
        f'approve is "ask", "always" or a function of name and arguments, not {approve!r}.',
        code="invalid_approve",
    )


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        said = f"not {name!r}" if name else "and this has none"
        raise InvalidRequestError(
            f"A tool has a name of letters, digits, _ and -, {said}: give it one with name=.",
            code="invalid_name",
        )
    if name in RESERVED:
        raise InvalidRequestError(
            f"{name} is the name of a built-in tool: choose another, name=.", code="name_reserved"
        )
    return name


def _checked_timeout(timeout: float | None) -> float | None:
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise InvalidRequestError(
            f"timeout is a number of seconds, not {timeout!r}.", code="invalid_timeout"
        )
    return float(timeout)
