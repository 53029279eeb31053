"""What a tool call does, told from the tool's name and the shape of its arguments.

Tools are named by whoever made them, so this is a table to grow: a row is a kind with the names
that are usual for it and the arguments it needs. The first row that fits wins.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ...models import ToolCallItem
from ..plain.values import decoded


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PATH = ("path", "file_path", "filepath", "filename", "file_name", "file", "target_file", "uri")
_FOLDER = (*_PATH, "directory", "dir", "folder", "relative_workspace_path")
_PARTS: dict[str, tuple[str, ...]] = {
    "command": ("command", "cmd", "shell_command", "script"),
    "code": ("code", "source", "script"),
    "path": _PATH,
    "folder": _FOLDER,
    "query": ("pattern", "query", "regex", "search_query", "q", "glob", "glob_pattern", "name"),
    "old": ("old_str", "old_string", "old_text", "oldText", "old", "search", "find", "before"),
    "new": ("new_str", "new_string", "new_text", "newText", "new", "replace", "after"),
    "content": ("content", "contents", "file_text", "new_content", "text", "data", "body"),
    "patch": ("patch", "diff", "input", "patch_text"),
    "edits": ("edits", "changes", "replacements"),
}
"""The parts a kind needs, each with the names that arguments go by."""


class Kind(NamedTuple):
    """One row: a kind of call.

    Attributes:
        name: What the call does.
        tools: Names of tools, in lower case, without what stands before the last ``.`` or ``__``.
        needs: Parts that the arguments must have.
        takes: Parts that they may have too.
        alone: Whether the arguments tell it whatever the tool's name is.
    """

    name: str
    tools: frozenset[str]
    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()
    alone: bool = False


_EDITORS = "str_replace_editor str_replace_based_edit_tool text_editor editor"
KINDS = (
    Kind("edit", _names(f"edit edit_file replace search_replace update_file replace_in_file "
                        f"file_edit str_replace modify_file {_EDITORS}"),
         ("old", "new"), ("path",)),
    Kind("edit", _names(f"edit edit_file multi_edit multiedit {_EDITORS}"), ("edits",), ("path",)),
    Kind("patch", _names("apply_patch patch edit edit_file apply_diff"), ("patch",), ("path",)),
    Kind("write", _names(f"write write_file create create_file save save_file put_file new_file "
                         f"append_file write_to_file insert {_EDITORS}"),
         ("path", "content")),
    Kind("read", _names(f"view {_EDITORS}"), ("path",)),
    Kind("shell", _names("bash sh zsh shell exec execute terminal cmd powershell run run_command "
                         "run_shell execute_command run_terminal_cmd run_in_terminal local_shell "
                         "run_shell_command shell_command exec_command"),
         ("command",)),
    Kind("code", _names("python run_python execute_python exec_python ipython code_interpreter "
                        "execute_code run_code python_repl jupyter run_cell"),
         ("code",)),
    Kind("read", _names("read read_file cat view_file open_file open get_file head tail file_read "
                        "read_text view show_file read_many_files"),
         ("path",)),
    Kind("search", _names("grep search rg ripgrep search_files grep_search code_search repo_search "
                          "search_code file_search codebase_search search_text web_search find "
                          "glob find_files"),
         ("query",), ("folder",)),
    Kind("list", _names("ls list_files list_dir list_directory list dir find tree"), (),
         ("folder",)),
    Kind("shell", frozenset(), ("command",), alone=True),
)  # fmt: skip
_ALONE = {"command"}  # an argument of that very name says enough, where it is all there is
_PREFIX = re.compile(r"^.*(?:__|[./:])")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Use(NamedTuple):
    """What one call does.

    Attributes:
        kind: Name of the kind; empty when nothing is known about the tool.
        parts: The parts by name: texts, for ``edits`` pairs of old and new text.
        rest: Arguments that are none of the parts.
    """

    kind: str
    parts: Mapping[str, Any] = {}
    rest: Any = None

    @property
    def path(self) -> str:
        """The file or folder it is about."""
        return str(self.parts.get("path") or self.parts.get("folder") or "")


def use_of(item: ToolCallItem) -> Use:
    """Tell what a call does.

    >>> use_of(ToolCallItem(tool_name="fs__readFile", arguments={"path": "a.py", "limit": 9}))
    Use(kind='read', parts={'path': 'a.py'}, rest={'limit': 9})
    """
    arguments = decoded(item.arguments)
    tool = _tool(item.tool_name)
    if isinstance(arguments, str) and arguments:
        # Some protocols hand over the one argument as it is.
        alone = {"shell": "command", "patch": "patch", "code": "code"}
        name = next((kind.name for kind in KINDS if tool in kind.tools), "")
        return Use(name, {alone[name]: arguments}) if name in alone else Use("", rest=arguments)
    arguments = {} if arguments is None else arguments
    if not isinstance(arguments, dict):
        return Use("", rest=arguments)
    for kind in KINDS:
        if tool in kind.tools or (kind.alone and set(arguments) == _ALONE):
            parts = _parts(kind, arguments)
            if parts is not None:
                values = {part: _value(part, arguments[key]) for part, key in parts.items()}
                used = set(parts.values())
                return Use(kind.name, values, {k: v for k, v in arguments.items() if k not in used})
    return Use("", rest=arguments)


@lru_cache(maxsize=512)
def _tool(name: str) -> str:
    return _HUMP.sub("_", _PREFIX.sub("", name)).lower().replace("-", "_")


def _parts(kind: Kind, arguments: dict[str, Any]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for part in (*kind.needs, *kind.takes):
        key = next((k for k in _PARTS[part] if _fits(part, arguments.get(k))), None)
        if key is not None and key not in found.values():
            found[part] = key
        elif part in kind.needs:
            return None
    return found


def _fits(part: str, value: Any) -> bool:
    if part == "edits":
        return isinstance(value, list) and bool(value) and all(map(_pair, value))
    if part == "command" and isinstance(value, list):
        return bool(value) and all(isinstance(word, str) for word in value)
    return isinstance(value, str) and (bool(value) or part in ("old", "new", "content"))


def _value(part: str, value: Any) -> Any:
    if part == "edits":
        return [_pair(edit) for edit in value]
    return shlex.join(value) if isinstance(value, list) else value


def _pair(edit: Any) -> tuple[str, str] | None:
    """The old and the new text of one of several edits, if that is all it has."""
    if not isinstance(edit, dict):
        return None
    old = next((k for k in _PARTS["old"] if isinstance(edit.get(k), str)), None)
    new = next((k for k in _PARTS["new"] if isinstance(edit.get(k), str)), None)
    return (edit[old], edit[new]) if old and new and len(edit) == 2 else None
