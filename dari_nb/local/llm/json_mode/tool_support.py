"""Whether a model is told of tools in its protocol's own way, or bound by a schema."""

from __future__ import annotations

from ..settings import Llm


class ToolSupport:
    """Which LLMs take no tools, as far as this process has learned it."""

    def __init__(self) -> None:
        self._takes: dict[tuple[str, str], bool] = {}

    def needs_json_mode(self, llm: Llm) -> bool:
        """Whether an LLM is bound by a schema; on any thread."""
        return llm.tools == "schema" or (
            llm.tools == "auto" and not self._takes.get(_place(llm), True)
        )

    def is_open(self, llm: Llm) -> bool:
        """Whether nothing is known yet of an LLM about which it is for us to find out."""
        return llm.tools == "auto" and _place(llm) not in self._takes

    def note(self, llm: Llm, *, takes_tools: bool) -> None:
        """Remember whether an LLM takes tools."""
        self._takes[_place(llm)] = takes_tools


def _place(llm: Llm) -> tuple[str, str]:
    return llm.base_url, llm.model
