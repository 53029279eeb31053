"""Lines and cells of magics as statements: what they give is shown once, slips are explained."""

from __future__ import annotations

import ast
import copy
import difflib
import sys
from typing import Any

from ..catalogue import COMMANDS, PARSERS
from ..lines.options import MEANT
from ..results import to_show
from ..usage import usage_error

__all__ = ["Statements", "explain", "leave_statements", "read_statements", "to_show"]

_SIGNS = {"run_line_magic": "%", "run_cell_magic": "%%"}
_MEANT = {name: name for name in ("dari", *PARSERS)} | {
    f"dari_{name}": f"dari {name}" for name in COMMANDS
}
_MEANT |= {f"dari_{word}": f"dari_{magic}" for word, magic in MEANT.items()}


class Statements(ast.NodeTransformer):
    """Reads the calls of magics in the cells of one shell, however they were written."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        """Let a statement show only what its magic has not shown."""
        is_ours = _name(node.value) in PARSERS
        self.generic_visit(node)
        if is_ours:
            node.value = _call("to_show", [node.value], at=node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Explain a magic that there is not; let ours say themselves what an empty cell lacks."""
        self.generic_visit(node)
        name, function = _name(node), node.func
        if not name or not isinstance(function, ast.Attribute):
            return node
        if name in PARSERS and _is_empty_cell(node):
            node.args[2] = ast.copy_location(ast.Constant("\n"), node.args[2])
        if name in _MEANT.values() or not _suggested(name):
            return node
        sign = ast.Constant(_SIGNS[function.attr])
        arguments = [copy.deepcopy(function.value), sign, node.args[0]]
        explained = _call("explain", arguments, at=node)
        return ast.copy_location(ast.BoolOp(ast.Or(), [explained, node]), node)


def explain(shell: Any, sign: str, name: str) -> None:
    """Say what was meant by a magic that there is not.

    Raises:
        UsageError: There is none of this name.
    """
    if shell.find_magic(name, "line") is None and shell.find_magic(name, "cell") is None:
        meant = _suggested(name)
        sign_of_meant = "%" if " " in meant else sign
        raise usage_error(
            f"there is no {sign}{name} (did you mean {sign_of_meant}{meant}?)",
            code="unknown_command",
        )


def read_statements(shell: Any) -> None:
    """Read the statements of a shell from now on; of the cell that runs, what it shows."""
    shell.ast_transformers.append(Statements())
    show = sys.displayhook
    if show is shell.display_trap.hook:  # until the end of the cell, when IPython takes it away
        sys.displayhook = lambda value: show(to_show(value))


def leave_statements(shell: Any) -> None:
    """Leave all statements to IPython again."""
    shell.ast_transformers[:] = [
        each for each in shell.ast_transformers if not isinstance(each, Statements)
    ]


def _suggested(name: str) -> str:
    close = difflib.get_close_matches(name, _MEANT, n=1, cutoff=0.8)
    if close:
        return _MEANT[close[0]]
    return "dari help" if name.startswith("dari_") else ""


def _name(node: ast.expr) -> str:
    """Return the name of the magic that an expression runs, or nothing."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return ""
    shell = node.func.value
    is_shell = isinstance(shell, ast.Call) and ast.unparse(shell.func) == "get_ipython"
    if not (is_shell and node.func.attr in _SIGNS and node.args):
        return ""
    name = node.args[0]
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else ""


def _is_empty_cell(node: ast.Call) -> bool:
    """Whether a cell has no body at all; IPython would refuse it before its magic hears of it."""
    body = node.args[2] if len(node.args) == 3 else None
    return isinstance(body, ast.Constant) and body.value == ""


def _call(function: str, arguments: list[ast.expr], *, at: ast.expr) -> ast.expr:
    """Return a call of a function of this module, which stands where the magic did."""
    module = f"__import__('sys').modules[{__name__!r}]"
    called = ast.parse(f"{module}.{function}", mode="eval").body
    for node in ast.walk(called):
        ast.copy_location(node, at)
    return ast.copy_location(ast.Call(called, arguments, []), at)
