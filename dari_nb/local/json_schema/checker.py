"""Holds values against JSON Schemas: run as a process of its own, which can be ended.

Each line that it reads is a JSON array of a schema and, if there is one, a value. Each line that it
writes is the flaw as ``[kind, text]``, or ``null``. It stands alone, so that it starts in a few
milliseconds; its argument is the folder with the library that does the work.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_MEMORY = 1 << 30
_SHOWN = 300
_BACKTRACKS = 100_000
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_DRAFT = re.compile(
    r"https?://json-schema\.org/(draft-0[467]|draft/2019-09|draft/2020-12)/schema#?\Z"
)
_REFERENCE = re.compile(r"(?:Resource|Pointer) '(.*?)'(?: |\Z)", re.DOTALL)


def flaw(schema: Any, values: Sequence[Any] = ()) -> tuple[str, str] | None:
    """Return the flaw of a schema, or of the first value that does not fit it.

    Only what the schema itself holds is looked at: nothing is ever fetched.

    Returns:
        The kind of the flaw, ``schema``, ``reference`` or ``value``, and what it is.
    """
    from jsonschema_rs import FancyRegexOptions, ValidationError, validator_for

    try:
        checks = validator_for(
            _in_known_draft(schema),
            validate_formats=False,
            retriever=_never,
            pattern_options=FancyRegexOptions(backtrack_limit=_BACKTRACKS),
        )
    except ValidationError as error:
        is_reference = error.kind.name == "$ref"
        return ("reference", _missing(error)) if is_reference else ("schema", _error_text(error))
    except (ValueError, TypeError) as error:
        return "schema", _shortened(str(error))
    try:
        for value in values:
            checks.validate(value)
    except ValidationError as error:
        return "value", _error_text(_inmost(error))
    return None


def _in_known_draft(schema: Any) -> Any:
    """What is written in no draft of JSON Schema itself is read as the newest."""
    if isinstance(schema, dict) and not _DRAFT.match(str(schema.get("$schema"))):
        return {key: each for key, each in schema.items() if key != "$schema"}
    return schema


def _missing(error: ValidationError) -> str:
    match = _REFERENCE.match(error.message)
    if match is None:
        return _shortened(error.message)
    return f"the schema refers to {_shortened(match[1])!r}, which it does not hold"


def _never(uri: str) -> Any:
    raise LookupError(uri)


def _depth(error: ValidationError) -> int:
    return len(error.instance_path)


def _inmost(error: ValidationError) -> ValidationError:
    """Of an alternative that came nearer to fit than the others, say what it lacks."""
    while branches := getattr(error.kind, "context", None):
        nearest = [max(branch, key=_depth) for branch in branches if branch]
        depth = max(map(_depth, nearest), default=0)
        deepest = [each for each in nearest if _depth(each) == depth]
        if depth <= _depth(error) or len(deepest) > 1:
            break
        [error] = deepest
    return error


def _error_text(error: ValidationError) -> str:
    return f"{_shortened(error.message)} at {_path(error.instance_path)}"


def _path(steps: Iterable[str | int]) -> str:
    return "$" + "".join(map(_step, steps))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.match(step) else f"[{_shortened(json.dumps(step))}]"


def _shortened(text: str) -> str:
    half = _SHOWN // 2
    return text if len(text) <= _SHOWN else f"{text[:half]} … {text[-half:]}"


def _bound_memory() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)


def _serve() -> None:
    for line in sys.stdin.buffer:
        schema, *values = json.loads(line)
        answer = json.dumps(flaw(schema, values))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    _bound_memory()
    _serve()
