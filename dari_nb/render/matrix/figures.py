"""What cells and columns of a matrix come to: money, scores, and facts on one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from statistics import fmean, median

from ...models.events import CANCELLED, MAX_TOKENS
from ..plain.plain_math import with_plain_math
from ..plain.visible import visible_name
from ..plain.words import cost_text, count_text, duration_text, state_text
from ..timeline.head import Head
from .conditions import condition, has
from .matrix import ENDED, Matrix, MatrixCell, MatrixRow

_PEEK = 200  # characters of an answer that tell what it is about
_TAIL = 80  # characters of one that is being written, which fit into a cell
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_HELD = "\ue000"  # holds the place of code
_BLOCKS = re.compile(r"^\s*(?:#{1,6}|[-*+>])\s+", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\w*~])([*~]{1,3})(?=[^\s*~])(.+?)(?<=[^\s*~])\1(?![\w*~])", re.DOTALL)
_ORDER = (
    *("completed", "failed", CANCELLED, "unsent"),
    *("waiting_for_tool", "running", "queued", "planned"),
)


def amount_of(cost: str | Decimal | None) -> Decimal | None:
    """Read an amount; ``None`` when it is unknown or no number."""
    try:
        amount = Decimal(cost) if cost is not None else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


def peek_text(cell: MatrixCell) -> str:
    r"""Say on one line what the answer is, how it goes on meanwhile, or why there is none.

    >>> peek_text(MatrixCell("c", "r", "l", text="## Refund\n\nYes, in **full**."))
    'Refund Yes, in full.'
    """
    if cell.state not in ENDED and cell.text:
        return _tail_text(cell.text)
    if cell.state == "failed":
        source = (cell.error or "No cause is known.")[: 4 * _PEEK]
    else:
        source = _without_marks((cell.answer or cell.text or "")[: 4 * _PEEK])
    text = visible_name(source)
    return text if len(text) <= _PEEK else text[: _PEEK - 1].rstrip() + "…"


def _tail_text(source: str) -> str:
    text = visible_name(_without_marks(source[-4 * _TAIL :]))
    if len(text) <= _TAIL:
        return text if len(source) <= 4 * _TAIL else f"… {text}"
    return f"… {text[-_TAIL:].partition(' ')[2] or text[-_TAIL:]}"


def _without_marks(source: str) -> str:
    """Take the marks of Markdown off a text; code is what it is."""
    has_code = "`" in source and _HELD not in source
    codes = [found[2] for found in _CODE.finditer(source)] if has_code else []
    held = _CODE.sub(_HELD, source) if codes else source
    bare = _BLOCKS.sub("", with_plain_math(held))
    if "*" in bare or "~" in bare:
        bare = _EMPHASIS.sub(r"\2", bare)
    kept = iter(codes)
    return re.sub(_HELD, lambda _: next(kept, _HELD), bare) if codes else bare


def cell_facts(*cells: MatrixCell, calls: bool = True) -> list[str]:
    """Say what a cell took, or each of several: calls, time, cost, attempts when there were more.

    Before that comes that an answer was cut off. Without ``calls`` nothing is said of them.

    >>> cell_facts(MatrixCell("a", "r", "l", tool_calls=1, latency_s=2.0))
    ['1 call', '2.0 s']
    """
    counts = [cell.tool_calls for cell in cells if cell.tool_calls is not None]
    seconds = [cell.latency_s for cell in cells if cell.latency_s is not None]
    attempts = max(cell.attempts for cell in cells)
    facts = [
        "cut off" if any(cell.stop_reason == MAX_TOKENS for cell in cells) else "",
        _calls_text(counts) if calls else "",
        duration_text(fmean(seconds)) if seconds else "",
        _mean_cost_text(cells),
        f"attempt {attempts}" if attempts > 1 else "",
    ]
    return [fact for fact in facts if fact]


def column_facts(cells: Sequence[MatrixCell]) -> list[str]:
    """Say what a column came to: cells done, where not all are, its cost, and the median time."""
    return [text for text, _ in column_numbers(cells)]


def column_numbers(cells: Sequence[MatrixCell]) -> list[tuple[str, str]]:
    """Say the same, each with the condition that the cells meet which it comes from."""
    done = sum(cell.state == "completed" for cell in cells)
    # How long somebody has looked on says nothing of how long answers take.
    ended = [cell for cell in cells if cell.state != CANCELLED]
    seconds = [cell.latency_s for cell in ended if cell.latency_s is not None]
    middle = duration_text(median(seconds or [0]))
    share = f"{done:,} / {len(cells):,}" if done < len(cells) else ""
    numbers = [
        (share, condition("state", "completed")),
        (total_text(cells), has("cost_usd")),
        (f"median {middle}" if middle else "", has("latency_s")),
    ]
    return [(text, where) for text, where in numbers if text]


def _calls_text(calls: Sequence[int]) -> str:
    if not calls:
        return ""
    least, most = min(calls), max(calls)
    return count_text(most, "call") if least == most else f"{least}\N{EN DASH}{most} calls"


def _mean_cost_text(cells: Sequence[MatrixCell]) -> str:
    amounts = [amount for cell in cells if (amount := amount_of(cell.cost_usd)) is not None]
    if not amounts:
        return ""
    return cost_text(sum(amounts, Decimal()) / len(amounts)) + _unknown_text(cells)


def _unknown_text(cells: Sequence[MatrixCell]) -> str:
    """Say how many of the cells that have ended count for nothing because of an unknown cost."""
    done = [cell for cell in cells if cell.state == "completed" or _has_paid_in_vain(cell)]
    unknown = sum(amount_of(cell.cost_usd) is None for cell in done)
    return f", unknown for {unknown:,} of {len(done):,}" if unknown else ""


def _has_paid_in_vain(cell: MatrixCell) -> bool:
    """Whether it failed, or was cancelled, after an LLM was asked."""
    return cell.state in ("failed", CANCELLED) and cell.has_asked


def state_counts(matrix: Matrix) -> dict[str, int]:
    """Count the cells by state: done, failed, left out, at work in any way, and still to come."""
    counts = Counter(cell.state for cell in matrix.cells)
    known = {state: counts.pop(state) for state in _ORDER if state in counts}
    return {**known, **counts}


def status_of(matrix: Matrix) -> str:
    """Say in one word of the API how all cells stand together."""
    counts = state_counts(matrix)
    if not ENDED.issuperset(counts):
        return _state(counts, is_over=False)
    lesser = ("failed", CANCELLED, "unsent")
    return next((state for state in lesser if state in counts), "completed")


def matrix_head(matrix: Matrix) -> Head:
    """Make the head line of a matrix: agent, size, state, totals."""
    counts = state_counts(matrix)
    is_over = ENDED.issuperset(counts)
    done = sum(count for state, count in counts.items() if state in ENDED - {"unsent"})
    facts = (
        f"{done:,} of {len(matrix.cells):,}" if not is_over else "",
        f"{counts['failed']:,} failed" if counts.get("failed") and len(counts) > 1 else "",
        duration_text(matrix.seconds),
        total_text(matrix.cells),
        *map(visible_name, matrix.notes),
    )
    facts_there = tuple(fact for fact in facts if fact)
    state = _state(counts, is_over) if matrix.state is None else matrix.state
    return Head(matrix.title, size_text(matrix), state, facts_there)


def size_text(matrix: Matrix) -> str:
    """Say how large a matrix is: tasks, LLMs, and versions and repeats when there are several."""
    if matrix.size:
        return matrix.size
    columns = [(column.llm or column.label, column.version) for column in matrix.columns]
    across = across_text(columns)
    if matrix.is_blind or any(column.of for column in matrix.columns):
        across = [count_text(len(columns), "column")]
    repeats = repeats_of(matrix)
    repeated = [str(repeats)] if repeats > 1 else []
    parts = [count_text(len(matrix.rows), "task"), *across, *repeated]
    return " \N{MULTIPLICATION SIGN} ".join(parts)


def across_text(columns: Sequence[tuple[str | None, str | None]]) -> list[str]:
    """Say how many LLMs there are, and how many versions if several; each column is one of both.

    >>> across_text([("small", "v1"), ("small", "v2")])
    ['1 LLM', '2 versions']
    """
    llms, versions = {llm for llm, _ in columns}, {version for _, version in columns}
    if len(llms) * len(versions) != len(columns):
        return [count_text(len(columns), "column")]
    told = [count_text(len(versions), "version")] if len(versions) > 1 else []
    return [count_text(len(llms), "LLM"), *told]


def repeats_of(matrix: Matrix) -> int:
    """Return how often each task was given to each LLM at most."""
    return max((cell.repeat for cell in matrix.cells), default=0) + 1


def metadata_text(row: MatrixRow) -> str:
    """Say what is known about a task on one line."""
    return " · ".join(f"{visible_name(k)} {visible_name(v)}" for k, v in row.metadata.items())


def total_text(cells: Sequence[MatrixCell]) -> str:
    """Say what cells have cost together, as far as it is known; empty when nothing is.

    A session that stands in several cells is paid for once.

    >>> total_text([MatrixCell("a", "r", "l", state="completed", cost_usd="0.2")])
    '$0.20'
    """
    paid = list({cell.session_id or (cell.id,): cell for cell in cells}.values())
    told = (cell.known_cost if cell.cost_usd is None else cell.cost_usd for cell in paid)
    known = map(amount_of, told)
    amounts = [amount for amount in known if amount is not None]
    if not amounts:
        return ""
    unknown = _unknown_text(paid)
    return cost_text(sum(amounts, Decimal())) + (f" so far{unknown}" if unknown else "")


def _state(counts: Mapping[str, int], is_over: bool) -> str:
    if not is_over:
        return "planned" if set(counts) == {"planned"} else "running"
    # Of a batch that went well in part the counts tell, and no single word.
    return next(iter(counts), "completed") if len(counts) < 2 else ""


def state_word(state: str) -> str:
    """Say the state of a cell; ``planned`` ones are still to come."""
    return "to come" if state == "planned" else state_text(state)
