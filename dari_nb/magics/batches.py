"""``%%dari_batch`` and ``%dari_batch``: tasks with LLMs as a live matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequestError, TimedOutError
from ..suggestions import did_you_mean
from .lines import options as opt
from .lines.interpolate import RULE
from .lines.names import names_of_people, visible_names
from .lines.options import Option
from .lines.parser import Line, LineParser
from .results import shown
from .sending import Fill, filling
from .state import State, assign, interruptible, late, variable
from .tools import kernel_tools
from .usage import usage_error

if TYPE_CHECKING:
    from ..resources import Batch, Plan

LLMS = Option("--llm", "L", "LLM option of the agent; or several: a,b", many=True)
TASKS = Option("--tasks", "VAR", "variable with a list or DataFrame, or a .csv or .jsonl path")
PROMPT = Option("--prompt", "COLUMN", "column that holds the text; the others are metadata")
REPEATS = Option("--repeats", "N", "how often each task goes to each LLM")
VERSION = Option("--version", "V", "version of the agent; or several: v,w", many=True)
NAME = Option("--name", "RUN", "a name for the run instead of one that follows from its content")
MAX_ITEMS = Option("--max-items", "N", "send nothing when it were more items")
MAX_COST = Option("--max-cost", "USD", "what the run may cost: the rest is left out")
DRY_RUN = Option("--dry-run", None, "show what would be sent, and send nothing")
NEW_RUN = Option("--new-run", None, "start another run of the same tasks, under another name")

TASK_LINES = """\
Tasks: each line of the cell is one, and a line that begins with "# " is a comment, which is not
sent. Where a line is ---, the blocks between such lines are the tasks, as they stand."""

BATCH = LineParser(
    "%%dari_batch AGENT [options]",
    (
        *(LLMS, TASKS, PROMPT, REPEATS, VERSION, NAME, MAX_ITEMS, MAX_COST, DRY_RUN, NEW_RUN),
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
    does="give each line of the cell to each LLM: a live matrix",
    notes=f"{TASK_LINES}\n\n{RULE}",
    example="%%dari_batch calculator --llm small,large\n2 / 3\n3 * 7",
)

_PARTLY_SENT = "interrupted while it was sent: run the cell again, it sends only what is missing"
_COMMENT = re.compile(r"\s*#(?:\s|$)")
_RULE = re.compile(r"^---[ \t]*$", re.MULTILINE)


def batch(shell: Any, state: State, line: str, cell: str | None) -> Batch | Plan:
    """Run a batch and show it; with ``--dry-run`` only return what would be sent."""
    parsed, words = BATCH.words(line)
    if len(words) != 1:
        raise usage_error(f"name one agent\nusage: {BATCH.usage}", code="missing_agent")
    fill = filling(shell, parsed)
    parsed = parsed.filled(fill)
    name, timeout = variable(parsed.get(opt.ASSIGN)), opt.seconds(parsed.get(opt.TIMEOUT))
    settings = _settings(shell, parsed)
    tasks = _tasks(shell, parsed, cell, fill)
    with interruptible(_PARTLY_SENT):
        made = state.dari.batches.run(fill(words[0]), tasks, **settings)
    assign(shell, name, made)
    if parsed.has(DRY_RUN):
        plan: Plan = made
        return shown(plan) if parsed.has(opt.QUIET) else plan
    running: Batch = made
    state.batch = running
    _show(shell, running, parsed, name, timeout)
    return shown(running)


def _settings(shell: Any, parsed: Line) -> dict[str, Any]:
    return {
        "llms": parsed.get(LLMS) or None,
        "repeats": _number(parsed, REPEATS, code="invalid_repeats") or 1,
        "versions": parsed.get(VERSION) or None,
        "metadata": opt.pairs(parsed.get(opt.META)),
        "files": parsed.get(opt.FILE),
        "prompt": parsed.get(PROMPT) or "prompt",
        "run_id": parsed.get(NAME),
        "new_run": parsed.has(NEW_RUN),
        "max_items": _number(parsed, MAX_ITEMS, code="invalid_max_items"),
        "max_cost": _amount(parsed),
        "dry_run": parsed.has(DRY_RUN),
        **kernel_tools(shell, parsed),
    }


def _tasks(shell: Any, parsed: Line, cell: str | None, fill: Fill) -> Any:
    """Return the tasks of the cell: a line each, or blocks between lines of ``---``."""
    source = parsed.get(TASKS)
    if source is not None:
        if cell is not None and cell.strip():
            raise usage_error(
                "tasks stand in the cell or in --tasks, not in both", code="conflicting_arguments"
            )
        return _named_tasks(visible_names(shell), source)
    if cell is None:
        raise usage_error(
            f"no tasks: write them into a cell, or name them with --tasks\n{_USAGE}",
            code="missing_task",
        )
    blocks = _RULE.split(cell) if _RULE.search(cell) else _lines(cell)
    texts = [block.strip() for block in blocks if block.strip()]
    if not texts:
        raise usage_error(
            "the cell has no task: write one a line, or blocks between lines of ---",
            code="missing_task",
        )
    return [fill(text) for text in texts]


def _lines(cell: str) -> list[str]:
    """Return the lines that are tasks; those of a comment are none."""
    return [line for line in cell.splitlines() if not _COMMENT.match(line)]


_USAGE = f"usage: {BATCH.usage}"


def _named_tasks(names: Mapping[str, Any], source: str) -> Any:
    if source in names:
        return names[source]
    if source.isidentifier():
        hint = did_you_mean(source, names_of_people(names))
        raise usage_error(f"{source} is not defined{hint}", code="name_not_defined")
    return source


def _number(parsed: Line, option: Option, *, code: str) -> int | None:
    text = parsed.get(option)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise usage_error(f"{option.flag} takes a number from 1, not {text!r}", code=code)
    return int(text)


def _amount(parsed: Line) -> Decimal | None:
    from ..resources.batches.following.spending import amount_of

    text = parsed.get(MAX_COST)
    if text is None:
        return None
    try:
        return amount_of(text.removeprefix("$"))
    except InvalidRequestError:
        raise usage_error(
            f"{MAX_COST.flag} takes US dollars, such as 2.50, not {text!r}", code="invalid_max_cost"
        ) from None


def _show(shell: Any, made: Batch, parsed: Line, name: str | None, timeout: float | None) -> None:
    quiet, waits = parsed.has(opt.QUIET), not parsed.has(opt.BACKGROUND)
    handle = name or f'd.batches.recover("{made.run_id}")'
    try:
        if not quiet:
            print(made.outcome)  # noqa: T201
            made.follow(timeout, wait=waits)
        elif waits:
            made.wait(timeout)
    except TimedOutError:
        goes_on = f"{made.run_id} goes on: run the cell again, or {handle}.follow()"
        raise late(shell, timeout, goes_on, is_quiet=quiet) from None
    else:
        _report_failures(made, handle, quiet=quiet or not waits)
        if made.unsent and not quiet:
            print(f"{handle}.resume(max_cost=...) sends the other {len(made.unsent)}")  # noqa: T201


def _report_failures(made: Batch, handle: str, *, quiet: bool) -> None:
    from ..models.events import CANCELLED

    again = {"failed": "", CANCELLED: "cancelled=True"}
    for state, how in again.items():
        count = made.counts.get(state, 0)
        if count and not quiet:
            retry = f"{handle}.retry_failed({how})"
            them = "it" if count == 1 else "them"
            print(f"{count} of {len(made)} {state}: {retry} sends {them} again")  # noqa: T201
