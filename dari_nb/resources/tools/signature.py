"""A function's signature as a JSON Schema, and arguments checked and converted by it."""

from __future__ import annotations

import contextlib
import inspect
import json
import typing
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequestError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_MOST_FLAWS = 5


class Signature:
    """What a function takes, as JSON says it.

    Args:
        function: The function; each of its arguments has a name of its own.
        name: What errors call it.

    Attributes:
        description: The first part of its docstring, without the arguments.
        schema: The JSON Schema of its arguments.

    Raises:
        InvalidRequestError: The function takes ``*args`` or ``**kwargs``, or an annotation says
            nothing that JSON could.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        from docstring_parser import parse

        self._name = name
        self._parameters = _parameters(function, name)
        # The class's own docstring is no description of an instance that can be called.
        documented = parse(inspect.getdoc(function) or "")
        parts = (documented.short_description, documented.long_description)
        self.description = "\n\n".join(part for part in parts if part)
        helps = {param.arg_name: param.description or "" for param in documented.params}
        self._model = self._model_of(_hints(function, name), helps)
        self.schema = self._schema()

    def bind(self, arguments: Any) -> tuple[list[Any], dict[str, Any]]:
        """Check and convert arguments; returns what to call the function with.

        Args:
            arguments: An object by the schema, or the JSON text of one.

        Raises:
            InvalidRequestError: They do not fit; the text names each flaw.
        """
        from pydantic import ValidationError

        try:
            checked = self._model.model_validate(self._object(arguments))
        except ValidationError as error:
            flaws = [_flaw(detail) for detail in error.errors(include_url=False)]
            more = f"; and {len(flaws) - _MOST_FLAWS} more" if len(flaws) > _MOST_FLAWS else ""
            text = "; ".join(flaws[:_MOST_FLAWS]) + more
            raise InvalidRequestError(
                f"The arguments of {self._name} do not fit: {text}", code="invalid_arguments"
            ) from None
        positional, named = [], {}
        for field, parameter in zip(type(checked).model_fields, self._parameters, strict=True):
            value = getattr(checked, field)
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(value)
            else:
                named[parameter.name] = value
        return positional, named

    def _object(self, arguments: Any) -> dict[str, Any]:
        if isinstance(arguments, str):
            with contextlib.suppress(ValueError):
                arguments = json.loads(arguments or "{}")
        if arguments is None:
            return {}
        if not isinstance(arguments, dict):
            raise InvalidRequestError(
                f"The arguments of {self._name} are no JSON object.", code="invalid_arguments"
            )
        return arguments

    def _model_of(self, hints: dict[str, Any], helps: dict[str, str]) -> type[BaseModel]:
        from pydantic import ConfigDict, Field, PydanticUserError, create_model

        fields: dict[str, Any] = {}
        for index, parameter in enumerate(self._parameters):
            given: dict[str, Any] = {"alias": parameter.name}
            if helps.get(parameter.name):
                given["description"] = helps[parameter.name]
            default = ... if parameter.default is parameter.empty else parameter.default
            # Any name of an argument is possible, where a field's name must be no method's.
            fields[f"a{index}"] = (hints.get(parameter.name, Any), Field(default, **given))
        try:
            return create_model(self._name, __config__=ConfigDict(extra="forbid"), **fields)
        except (PydanticUserError, TypeError, ValueError) as error:
            raise self._unsupported(error) from None

    def _schema(self) -> dict[str, Any]:
        from pydantic import PydanticUserError

        try:
            with warnings.catch_warnings():
                # A default that is no JSON stays a default; the schema goes without it.
                warnings.simplefilter("ignore")
                schema = self._model.model_json_schema(by_alias=True)
        except PydanticUserError as error:
            raise self._unsupported(error) from None
        untitled: dict[str, Any] = _without_titles(schema)
        return {"type": "object", "properties": {}, **untitled}

    def _unsupported(self, error: Exception) -> InvalidRequestError:
        cause = str(error).partition("\n")[0].partition(". Set `")[0]
        return InvalidRequestError(
            f"{self._name} cannot be a tool, an annotation says nothing that JSON could: {cause}",
            code="invalid_tool",
        )


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise InvalidRequestError(
            f"{name} cannot be a tool: it has no signature.", code="invalid_tool"
        ) from None
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise InvalidRequestError(
                f"{name} cannot be a tool, because it takes {parameter}: "
                "give each argument a name of its own.",
                code="invalid_tool",
            )
    return parameters


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    target = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    try:
        return typing.get_type_hints(inspect.unwrap(target), include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        raise InvalidRequestError(
            f"{name} cannot be a tool, an annotation cannot be read: {error}", code="invalid_tool"
        ) from None


def _flaw(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    return f"{where}: {detail['msg']}" if where else detail["msg"]


def _without_titles(schema: Any) -> Any:
    """Take out the titles, which only repeat the names; an argument may be called ``title``."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_titles(part) for name, part in value.items()}
        if key in ("properties", "$defs") and isinstance(value, dict)
        else value
        if key in ("default", "const", "enum", "examples")
        else _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
