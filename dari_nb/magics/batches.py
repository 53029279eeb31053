"""``%%dari_batch`` and ``%dari_batch``: tasks with LLMs as a live matrix."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from ..errors import TimedOutError
from . import options as opt
from .interpolate import interpolate
from .options import Line, LineParser, Option
from .state import State, assign, variable

if TYPE_CHECKING:
    from ..workbench import Batch, Plan

LLMS = Option("--llm", "L", "LLM option of the agent; may be repeated", many=True)
TASKS = Option("--tasks", "VAR", "variable with a list or DataFrame, or a .csv or .jsonl path")
PROMPT = Option("--prompt", "COLUMN", "column that holds the text; the others are metadata")
REPEATS = Option("--repeats", "N", "how often each task goes to each LLM")
VERSION = Option("--version", "V", "version of the agent; may be repeated", many=True)
NAME = Option("--name", "RUN", "a name for the run instead of one that follows from its content")
MAX_ITEMS = Option("--max-items", "N", "send nothing when it were more items")
MAX_COST = Option("--max-cost", "USD", "send nothing when it were dearer, by past sessions")
DRY_RUN = Option("--dry-run", None, "show what would be sent, and send nothing")
FRESH = Option("--fresh", None, "really run again, under a new name")

BATCH = LineParser(
    "%%dari_batch AGENT [options]",
    (
        *(LLMS, TASKS, PROMPT, REPEATS, VERSION, NAME, MAX_ITEMS, MAX_COST, DRY_RUN, FRESH),
        *(
            opt.ASSIGN,
            opt.BACKGROUND,
            opt.TIMEOUT,
            opt.FILE,
            opt.META,
            *opt.KERNEL_TOOLS,
            opt.RAW,
            opt.QUIET,
        ),
    ),
)

_RULE = re.compile(r"^---[ \t]*$", re.MULTILINE)


def batch(shell: Any, state: State, line: str, cell: str | None) -> Plan | None:
    """Run a batch and show it; with ``--dry-run`` only return what would be sent."""
    parsed, words = BATCH.words(line)
    if len(words) != 1:
        raise UsageError(f"name one agent\nusage: {BATCH.usage}")
    name, timeout = variable(parsed.get(opt.ASSIGN)), opt.seconds(parsed.get(opt.TIMEOUT))
    settings = _settings(shell, parsed)
    tasks = _tasks(shell, parsed, cell)
    try:
        made = state.dari.batches.run(words[0], tasks, **settings)
    except KeyboardInterrupt:
        raise UsageError(
            "interrupted while it was sent: run the cell again, it sends only what is missing"
        ) from None
    assign(shell, name, made)
    if parsed.has(DRY_RUN):
        return None if parsed.has(opt.QUIET) else made
    _show(made, parsed, name, timeout)
    return None


def _settings(shell: Any, parsed: Line) -> dict[str, Any]:
    fill = str if parsed.has(opt.RAW) else lambda text: interpolate(text, shell.user_ns)
    return {
        "llms": parsed.get(LLMS) or None,
        "repeats": _number(parsed, REPEATS) or 1,
        "versions": parsed.get(VERSION) or None,
        "metadata": opt.pairs(fill(pair) for pair in parsed.get(opt.META)),
        "files": [fill(path) for path in parsed.get(opt.FILE)],
        "prompt": parsed.get(PROMPT) or "prompt",
        "run_id": parsed.get(NAME),
        "fresh": parsed.has(FRESH),
        "max_items": _number(parsed, MAX_ITEMS),
        "max_cost": _amount(parsed),
        "dry_run": parsed.has(DRY_RUN),
        **opt.kernel_tools(shell, parsed),
    }


def _tasks(shell: Any, parsed: Line, cell: str | None) -> Any:
    """Return the tasks of the cell: a line each, or blocks between lines of ``---``."""
    source = parsed.get(TASKS)
    if source is not None:
        if cell is not None and cell.strip():
            raise UsageError("tasks stand in the cell or in --tasks, not in both")
        return _named_tasks(shell, source)
    if cell is None:
        raise UsageError(f"no tasks: write them into a cell, or name them with --tasks\n{_USAGE}")
    blocks = _RULE.split(cell) if _RULE.search(cell) else cell.splitlines()
    texts = [block.strip() for block in blocks if block.strip()]
    if not texts:
        raise UsageError("the cell has no task: write one a line, or blocks between lines of ---")
    return texts if parsed.has(opt.RAW) else [interpolate(text, shell.user_ns) for text in texts]


_USAGE = f"usage: {BATCH.usage}"


def _named_tasks(shell: Any, source: str) -> Any:
    if source in shell.user_ns:
        return shell.user_ns[source]
    if source.isidentifier():
        known = [name for name in shell.user_ns if not name.startswith("_")]
        raise UsageError(f"{source} is not defined{opt.did_you_mean(source, known)}")
    return source


def _number(parsed: Line, option: Option) -> int | None:
    text = parsed.get(option)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise UsageError(f"{option.flag} takes a number from 1, not {text!r}")
    return int(text)


def _amount(parsed: Line) -> Decimal | None:
    text = parsed.get(MAX_COST)
    if text is None:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not (amount.is_finite() and amount >= 0):
        raise UsageError(f"{MAX_COST.flag} takes US dollars, such as 2.50, not {text!r}")
    return amount


def _show(made: Batch, parsed: Line, name: str | None, timeout: float | None) -> None:
    quiet, waits = parsed.has(opt.QUIET), not parsed.has(opt.BACKGROUND)
    handle = name or f'd.batches.recover("{made.run_id}")'
    try:
        if not quiet:
            print(made.outcome)  # noqa: T201
            made.follow(timeout, wait=waits)
        elif waits:
            made.wait(timeout)
    except KeyboardInterrupt:
        stopped = "stopped following"
    except TimedOutError:
        stopped = f"not finished after {timeout:g} s"
    else:
        _tell_failures(made, handle, quiet=quiet or not waits)
        return
    raise UsageError(
        f"{stopped}; {made.run_id} goes on: run the cell again, or {handle}.follow()"
    ) from None


def _tell_failures(made: Batch, handle: str, *, quiet: bool) -> None:
    failed = made.counts.get("failed", 0)
    if failed and not quiet:
        print(f"{failed} of {len(made)} failed: {handle}.retry_failed() sends them again")  # noqa: T201
