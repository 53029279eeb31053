"""Arithmetic without ``eval``: a bounded evaluator for one expression, and its LaTeX."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

Number = int | float

MAX_LENGTH = 500
"""Longest expression in characters."""
MAX_DEPTH = 40
"""Deepest nesting of an expression."""
MAX_BITS = 4096
"""Largest integer in bits, about 1,200 digits."""


class ExpressionError(ValueError):
    """The expression cannot be read, or has no value that can be given."""


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        _limit(math.log2(abs(base)) * exponent if abs(base) > 1 else 0)
    value = base**exponent
    if isinstance(value, complex):
        raise ExpressionError("the power has no real value")
    return float(value) if isinstance(value, float) else int(value)


def _multiply(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        _limit(left.bit_length() + right.bit_length() - 1)
    return left * right


def _factorial(number: Number) -> int:
    if number != int(number) or not 0 <= number <= 400:
        raise ExpressionError("a factorial needs a whole number from 0 to 400")
    return math.factorial(int(number))


def _round(number: Number, digits: Number | None = None) -> Number:
    if digits is None:
        return round(number)
    if digits != int(digits) or abs(digits) > 100:
        raise ExpressionError("round takes a whole number of digits from -100 to 100")
    return round(number, int(digits))


def _limit(bits: float) -> None:
    if bits > MAX_BITS:
        raise ExpressionError("the value has too many digits")


_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "cbrt": math.cbrt,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "factorial": _factorial,
    "floor": math.floor,
    "ln": math.log,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": _round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
"""Functions by name; ``log`` is the natural one unless a base follows."""
CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}


def parse(expression: str) -> ast.expr:
    """Read an expression and make sure that it is only arithmetic of a sensible size.

    Raises:
        ExpressionError: It is not.
    """
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError("the expression is not complete") from None
    _check(tree, MAX_DEPTH)
    return tree


def _check(node: ast.expr, depth: int) -> None:
    if depth == 0:
        raise ExpressionError("the expression is nested too deeply")
    for part in _parts(node):
        _check(part, depth - 1)


def _parts(node: ast.expr) -> list[ast.expr]:
    """Return what a node is made of; raises for everything that is not arithmetic."""
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return []
        case ast.Name(id=name) if name in CONSTANTS:
            return []
        case ast.BinOp() if type(node.op) in _BINARY:
            return [node.left, node.right]
        case ast.UnaryOp() if type(node.op) in _UNARY:
            return [node.operand]
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            return node.args
    raise ExpressionError("only numbers, operators and known functions can be used")


def evaluate(expression: str) -> Number:
    """Compute an expression of numbers, ``+ - * / // % **``, parentheses and known functions.

    A fraction has the 15 digits that are sure: the computer's own rounding shows in none of them.

    Raises:
        ExpressionError: It cannot be read, is too large, or has no finite real value.

    >>> evaluate("2 * (3 + 4) ** 2"), evaluate("17 / 100 * 240")
    (98, 40.8)
    """
    tree = parse(expression)
    try:
        value = _value(tree)
    except ZeroDivisionError:
        raise ExpressionError("division by zero") from None
    except OverflowError:
        raise ExpressionError("the value is too large") from None
    except (TypeError, ValueError) as error:
        raise ExpressionError(str(error)) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("the value is not finite")
    return float(f"{value:.15g}") if isinstance(value, float) else value


def _value(node: ast.expr) -> Number:
    match node:
        case ast.BinOp():
            value = _BINARY[type(node.op)](_value(node.left), _value(node.right))
        case ast.UnaryOp():
            value = _UNARY[type(node.op)](_value(node.operand))
        case ast.Call(func=ast.Name(id=name)):
            value = FUNCTIONS[name](*map(_value, node.args))
        case ast.Name(id=name):
            value = CONSTANTS[name]
        case ast.Constant(value=int() | float() as number):
            value = number
        case _:
            raise ExpressionError("only numbers, operators and known functions can be used")
    if isinstance(value, int):
        _limit(value.bit_length())
    return value


def to_latex(expression: str) -> str:
    r"""Write an expression as LaTeX.

    >>> to_latex("sqrt(2) / 3 * pi")
    '\\frac{\\sqrt{2}}{3} \\times \\pi'
    """
    return _latex(parse(expression), 0)


_BINARY_LATEX: dict[type[ast.operator], tuple[int, str]] = {
    ast.Add: (1, "{} + {}"),
    ast.Sub: (1, "{} - {}"),
    ast.Mult: (2, r"{} \times {}"),
    ast.Mod: (2, r"{} \bmod {}"),
}
_FRACTIONS: dict[type[ast.operator], str] = {
    ast.Div: r"\frac{{{}}}{{{}}}",
    ast.FloorDiv: r"\left\lfloor\frac{{{}}}{{{}}}\right\rfloor",
}
_CALLS = {
    "sqrt": r"\sqrt{{{}}}",
    "cbrt": r"\sqrt[3]{{{}}}",
    "abs": r"\left|{}\right|",
    "floor": r"\left\lfloor{}\right\rfloor",
    "ceil": r"\left\lceil{}\right\rceil",
    "exp": r"e^{{{}}}",
    "factorial": r"\left({}\right)!",
    "log": r"\ln\left({}\right)",
    "log2": r"\log_{{2}}\left({}\right)",
    "log10": r"\log_{{10}}\left({}\right)",
}
_NAMED = ("sin", "cos", "tan", "ln", "min", "max")


def _latex(node: ast.expr, outer: int) -> str:
    """Write one node; it gets parentheses when what is around it binds more strongly."""
    match node:
        case ast.BinOp():
            binding, text = _binary_latex(node)
        case ast.UnaryOp():
            sign = "-" if isinstance(node.op, ast.USub) else "+"
            binding, text = 2, sign + _latex(node.operand, 3)
        case ast.Call(func=ast.Name(id=name)):
            binding, text = 4, _call_latex(name, [_latex(arg, 0) for arg in node.args])
        case ast.Name(id=name):
            binding, text = 5, name if name == "e" else rf"\{name}"
        case _:
            binding, text = 5, ast.unparse(node)
    return text if binding >= outer else rf"\left({text}\right)"


def _binary_latex(node: ast.BinOp) -> tuple[int, str]:
    kind = type(node.op)
    if kind in _FRACTIONS:
        return 3, _FRACTIONS[kind].format(_latex(node.left, 0), _latex(node.right, 0))
    if kind is ast.Pow:
        return 4, f"{_latex(node.left, 5)}^{{{_latex(node.right, 0)}}}"
    binding, form = _BINARY_LATEX[kind]
    return binding, form.format(_latex(node.left, binding), _latex(node.right, binding + 1))


def _call_latex(name: str, arguments: list[str]) -> str:
    if name in _CALLS and len(arguments) == 1:
        return _CALLS[name].format(arguments[0])
    if name == "log" and len(arguments) == 2:
        return rf"\log_{{{arguments[1]}}}\left({arguments[0]}\right)"
    head = rf"\{name}" if name in _NAMED else rf"\mathrm{{{name}}}"
    return rf"{head}\left({', '.join(arguments)}\right)"
