"""Nulls of answers: one is as good as a field that was left out."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from msgspec import inspect


def without_nulls(data: dict[str, Any], cls: type[msgspec.Struct]) -> dict[str, Any]:
    """Leave out nulls wherever the fields of a class take none, however deep they are.

    Args:
        data: An object as it was sent; it stays as it is.
        cls: What is to be made of it.

    Returns:
        A copy in which the default stands where a null was: none of a required field, which has
        no default.
    """
    found = _fitting(data, _kind_of(cls))
    return dict(found)


def _fitting(value: Any, kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.UnionType):
        return _fitting(
            value, next((one for one in kind.types if _is_deep(one)), inspect.AnyType())
        )
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        return _fitting_object(value, kind)
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        kept = value if _takes_null(kind.item_type) else [one for one in value if one is not None]
        return [_fitting(one, kind.item_type) for one in kept]
    if isinstance(kind, inspect.DictType) and isinstance(value, dict):
        if _takes_null(kind.value_type):
            return value
        return {key: one for key, one in value.items() if one is not None}
    return value


def _fitting_object(data: dict[str, Any], kind: inspect.StructType) -> dict[str, Any]:
    fields = {field.encode_name: field for field in kind.fields}
    return {
        key: _fitting(value, fields[key].type) if key in fields else value
        for key, value in data.items()
        if value is not None or key not in fields or fields[key].required
    }


def _is_deep(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StructType | inspect.ListType | inspect.DictType)


def _takes_null(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.NoneType | inspect.AnyType) for one in kinds)


@cache
def _kind_of(cls: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(cls)
