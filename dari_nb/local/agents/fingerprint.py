"""What tells one function from another, in any process: its code and the values in it."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType
from typing import Any

_PLAIN = (str, bytes, int, float, complex, bool, type(None), type(...))
_DEEPEST = 20
_LENGTH = 16


def fingerprint_of(function: Any) -> str | None:
    """Hash a function's code, its constants, defaults, and plain values that it closes over.

    Where it stands, and what it calls or reads elsewhere, does not count. Another Python may
    compile other code. ``None`` for what has no code of Python.

    >>> fingerprint_of(lambda prompt: "one") == fingerprint_of(lambda prompt: "one")
    True
    >>> fingerprint_of(lambda prompt: "one") == fingerprint_of(lambda prompt: "two")
    False
    """
    told = _described(function, 0)
    return None if told is None else hashlib.sha256(told.encode()).hexdigest()[:_LENGTH]


def _described(value: Any, depth: int) -> str | None:
    """Write what counts of a value; ``None`` where nothing can be said of it."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, _PLAIN):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, tuple):
        return f"({', '.join(_all(value, depth))})"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(_all(value, depth)))}}}"
    if isinstance(value, CodeType):
        names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
        return f"code {value.co_code.hex()} {names} {_described(value.co_consts, depth + 1)}"
    if isinstance(value, partial):
        return f"partial {_described((value.func, value.args, *value.keywords.items()), depth + 1)}"
    if inspect.ismethod(value):
        return _described(value.__func__, depth + 1)
    if isinstance(value, FunctionType):
        kept = (*(value.__defaults__ or ()), *sorted((value.__kwdefaults__ or {}).items()))
        return _described((value.__code__, kept, tuple(_closed_over(value))), depth + 1)
    call = getattr(type(value), "__call__", None)  # noqa: B004
    return _described(call, depth + 1) if isinstance(call, FunctionType) else None


def _all(values: Any, depth: int) -> list[str]:
    return [str(_described(value, depth + 1)) for value in values]


def _closed_over(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # what is defined later
            yield None
