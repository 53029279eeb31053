"""A system prompt with the keys of a manifest above it, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ...errors import InvalidRequestError
from ...suggestions import did_you_mean

if TYPE_CHECKING:
    from yaml import Node  # type: ignore[import-untyped]

KEYS = ("llm", "built_in_tools", "custom_tools", "skills", "sandbox", "harness", "extensions")
"""The keys of a manifest that can stand above a prompt (contract, section 15)."""

_OPTION = ("model", "provider", "base_url", "api_key_secret")
_SEVERAL = ("default", "options")
_PROVIDERS = ("openrouter", "openai", "anthropic")
_BUILT_IN = ("read", "bash", "edit", "write", "grep", "find", "ls")
_ELSEWHERE = {
    "name": "the agent's name is given apart from the prompt",
    "instructions": "the text itself is the system prompt",
    "api_key": "a key does not belong into a notebook: store it as a credential, and name that "
    "as api_key_secret",
}
_RULE = re.compile(r"---[ \t]*")

Path = tuple[str | int, ...]
"""Where something stands: keys, and places in lists."""


class Flaw(NamedTuple):
    """Something that cannot be right in a manifest."""

    path: Path
    text: str


def split_prompt(text: str, first_line: int = 1) -> tuple[str, dict[str, Any]]:
    r"""Take a prompt and the manifest keys above it apart.

    Args:
        text: The prompt; it may begin with YAML between two lines of ``---``.
        first_line: The number of its first line, where it is part of something else.

    Raises:
        InvalidRequestError: The YAML cannot be read, or a key or value in it cannot be right; the
            text names line and key.

    >>> split_prompt("---\nbuilt_in_tools: [read]\n---\nBe brief.")
    ('Be brief.', {'built_in_tools': ['read']})
    """
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if not _RULE.fullmatch(lines[first]):
        return text.strip(), {}
    ends = (n for n in range(first + 1, len(lines)) if _RULE.fullmatch(lines[n]))
    end = next(ends, None)
    if end is None:
        raise InvalidRequestError(
            f"Line {first_line + first}: the front matter has no end, a second line of ---.",
            code="invalid_manifest",
        )
    manifest = _Yaml("\n".join(lines[first + 1 : end]), first_line + first + 1).manifest()
    return "\n".join(lines[end + 1 :]).strip(), manifest


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Check the keys of a manifest that are given with a prompt.

    Raises:
        InvalidRequestError: One cannot be right; the text names it.
    """
    for flaw in flaws(manifest):
        raise InvalidRequestError(f"{_said(flaw.path)}: {flaw.text}.", code="invalid_manifest")


def flaws(manifest: Mapping[str, Any]) -> Iterator[Flaw]:
    """Tell what cannot be right, as far as it can be known without the server."""
    yield from _unknown((), manifest, KEYS)
    if "llm" in manifest:
        yield from _llm(manifest["llm"])
    tools = manifest.get("built_in_tools")
    if tools is not None and not isinstance(tools, list):
        yield Flaw(("built_in_tools",), "a list is needed, such as [read, grep]")
    else:
        yield from _choices(("built_in_tools",), dict(enumerate(tools or ())), _BUILT_IN)
    for key in ("custom_tools", "skills"):
        if not isinstance(manifest.get(key, []), list):
            yield Flaw((key,), "a list is needed")


def _llm(llm: Any) -> Iterator[Flaw]:
    if not isinstance(llm, Mapping):
        yield Flaw(("llm",), "a mapping is needed, such as {model: openai/gpt-5.5}")
    elif "options" not in llm:
        yield from _option(("llm",), llm, (*_OPTION, *_SEVERAL))
    else:
        yield from _unknown(("llm",), llm, _SEVERAL)
        options = llm["options"]
        if not isinstance(options, Mapping) or not options:
            yield Flaw(("llm", "options"), "LLMs by name are needed")
            return
        for name, option in options.items():
            yield from _option(("llm", "options", name), option, _OPTION)
        yield from _choices(("llm",), {"default": llm.get("default")}, tuple(options))


def _option(path: Path, option: Any, keys: Iterable[str]) -> Iterator[Flaw]:
    if not isinstance(option, Mapping):
        yield Flaw(path, "a mapping is needed, such as {model: openai/gpt-5.5}")
        return
    yield from _unknown(path, option, keys)
    if not isinstance(option.get("model"), str):
        yield Flaw(path, "model is missing")
    if "provider" in option:
        yield from _choices(path, {"provider": option["provider"]}, _PROVIDERS)


def _unknown(path: Path, given: Mapping[Any, Any], known: Iterable[str]) -> Iterator[Flaw]:
    known = tuple(known)
    for key in given:
        if key in known:
            continue
        elsewhere = _ELSEWHERE.get(key)
        yield Flaw((*path, key), elsewhere or f"there is no such key{_hint(key, known)}")


def _choices(path: Path, given: Mapping[Any, Any], known: tuple[str, ...]) -> Iterator[Flaw]:
    for place, value in given.items():
        if value not in known:
            said = "is missing" if value is None else f"is {value!r}"
            yield Flaw((*path, place), f"it {said}{_hint(value, known)}")


def _hint(word: Any, known: tuple[str, ...]) -> str:
    return did_you_mean(str(word), known, closeness=0.6) or f"; there are {', '.join(known)}"


def _said(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


class _Yaml:
    """The text between the rules, which knows on which line of the cell each key stands."""

    def __init__(self, text: str, first_line: int) -> None:
        self._text = text
        self._first = first_line

    def manifest(self) -> dict[str, Any]:
        """Read it.

        Raises:
            InvalidRequestError: It cannot be right.
        """
        import yaml

        try:
            node = yaml.compose(self._text, yaml.SafeLoader)
            loaded = yaml.safe_load(self._text)
        except yaml.MarkedYAMLError as error:
            self._refuse(
                getattr(error.problem_mark, "line", 0), f"{error.problem or error.context}"
            )
        except (yaml.YAMLError, ValueError, RecursionError):
            self._refuse(0, "this is no readable YAML")
        if loaded is None:
            return {}
        if not isinstance(loaded, dict):
            self._refuse(0, "keys with values are needed, such as 'llm: {model: openai/gpt-5.5}'")
        self._check_keys(node, set())
        for flaw in flaws(loaded):
            self._refuse(_line(node, flaw.path), f"{_said(flaw.path)}: {flaw.text}")
        return loaded

    def _check_keys(self, node: Node, open_nodes: set[int]) -> None:
        """Refuse what YAML takes and a manifest may not have: a key twice, a value by alias."""
        if id(node) in open_nodes:
            self._refuse(node.start_mark.line, "aliases (&, *) are not possible here")
        open_nodes.add(id(node))
        if node.id == "scalar":
            return
        if node.id == "sequence":
            for part in node.value:
                self._check_keys(part, open_nodes)
            return
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                self._refuse(key.start_mark.line, f"the key {key.value} stands here twice")
            seen.add(str(key.value))
            self._check_keys(value, open_nodes)

    def _refuse(self, line: int, text: str) -> NoReturn:
        raise InvalidRequestError(
            f"Line {self._first + line}: {text}.", code="invalid_manifest"
        ) from None


def _line(node: Node, path: Path) -> int:
    """The line of what stands at a path, or of as much of the path as there is."""
    line = int(node.start_mark.line)
    for part in path:
        found = _step(node, part)
        if found is None:
            break
        line, node = found
    return line


def _step(node: Node, part: str | int) -> tuple[int, Node] | None:
    if node.id == "sequence" and isinstance(part, int):
        inner = node.value[part]
        return int(inner.start_mark.line), inner
    if node.id != "mapping":
        return None
    pairs = ((key, value) for key, value in node.value if key.value == str(part))
    return next(((int(key.start_mark.line), value) for key, value in pairs), None)
