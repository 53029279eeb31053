"""Runs one call of a custom tool inside the sandbox: ``python.py FILE EXPORT``.

Reads the arguments as JSON and writes ``{"result": …}`` or ``{"error": …}``. What the handler
prints goes to the errors, so that nothing it prints can be taken for its result.
"""

import asyncio
import importlib.util
import inspect
import json
import os
import sys
import traceback
from collections.abc import Awaitable


def main(path: str, export: str) -> dict[str, object]:
    """Load the handler, call it with the arguments as one ``dict``, and wait if it is async."""
    arguments = json.load(sys.stdin)
    try:
        result = getattr(_loaded(path), export)(arguments)
        if inspect.isawaitable(result):
            result = asyncio.run(_awaited(result))
        json.dumps(result, allow_nan=False)
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}
    return {"result": result}


def _loaded(path: str) -> object:
    sys.path[:0] = [os.path.dirname(path), "/bundle"]  # noqa: PTH120
    spec = importlib.util.spec_from_file_location("handler", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["handler"] = module
    spec.loader.exec_module(module)
    return module


async def _awaited(result: Awaitable[object]) -> object:
    return await result


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    answer = main(sys.argv[1], sys.argv[2])
    with answers:
        json.dump(answer, answers)
