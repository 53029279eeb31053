"""Finds lines by a regular expression: run as a process of its own, which can be ended.

Reads one JSON object from its input and writes one to its output. It stands alone, so that it
starts in a few milliseconds.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any

_CPU_SECONDS = 10
_MEMORY = 1 << 30


def found_lines(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the lines that fit, each with its path and number, and whether there are more."""
    pattern = re.escape(asked["pattern"]) if asked["literal"] else asked["pattern"]
    try:
        fits = re.compile(pattern, re.IGNORECASE if asked["ignore_case"] else 0).search
    except (re.error, RecursionError, OverflowError) as error:
        return {"error": str(error)}
    lines: list[tuple[str, int, str]] = []
    for path, text in asked["texts"].items():
        for number, line in enumerate(text.splitlines(), 1):
            if fits(line):
                if len(lines) == asked["most"]:
                    return {"lines": lines, "more": True}
                lines.append((path, number, line))
    return {"lines": lines, "more": False}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    json.dump(found_lines(json.load(sys.stdin)), sys.stdout)
