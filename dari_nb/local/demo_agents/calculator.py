"""The demo agent ``calculator``: finds the arithmetic in the prompt and computes it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ..agents.turn import ToolCall, ToolResult, Turn
from .arithmetic import find_arithmetic
from .expressions import ExpressionError, Number, evaluate, to_latex

_HINT = (
    "I found no arithmetic in this. Write some, for example `2 * (3 + 4)`, `sqrt(2) + pi`, "
    "`15% of 80` or `6 times 7`."
)
_EXACT = 2**53


def calculator(prompt: str, turn: Turn) -> Iterator[str | ToolCall | ToolResult]:
    """Finds the arithmetic in the prompt, computes it with a tool, and answers with formulas.

    `large` computes every expression it finds and gives twelve digits. `small` computes only the
    first and rounds to three significant digits.
    """
    expressions = find_arithmetic(prompt)
    is_small = turn.llm_id == "small"
    if not expressions:
        yield _HINT
        return
    answers = []
    for expression in expressions[:1] if is_small else expressions[:10]:
        yield ToolCall("evaluate", {"expression": expression})
        try:
            value = evaluate(expression)
        except ExpressionError as error:
            yield ToolResult(str(error), is_error=True)
            answers.append(f"I cannot compute `{expression}`: {error}.")
        else:
            yield ToolResult(value if abs(value) < _EXACT else str(value))
            answers.append(_formula(expression, value, digits=3 if is_small else 12))
    yield "\n\n".join(answers)


def _formula(expression: str, value: Number, digits: int) -> str:
    shown = _shown(value, digits)
    sign = "=" if Decimal(shown) == Decimal(value) or float(shown) == value else r"\approx"
    return f"$${to_latex(expression)} {sign} {_scientific(shown)}$$"


def _shown(value: Number, digits: int) -> str:
    """Write a number with at most so many significant digits; long integers stay whole."""
    if isinstance(value, int) and (digits > 3 or abs(value) < 1000):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**digits:
        return str(int(value))
    mantissa, mark, exponent = f"{Decimal(value):.{digits}g}".partition("e")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + mark + exponent


def _scientific(shown: str) -> str:
    mantissa, exponent_mark, exponent = shown.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent_mark else shown
