"""Which models can be asked from here, for those who ask before they begin."""

from __future__ import annotations

from .closing import running
from .llm.reach import LlmState, llm_states
from .server import LocalDari


def reachable_llms(server: LocalDari | None = None, *, probe: bool = False) -> list[LlmState]:
    """Tell which models can be asked.

    Args:
        server: Whose LLMs to look at; those of all local Daris that run here by default.
        probe: Look at the usual ports of this machine, too: Ollama, LM Studio, llama.cpp, vLLM.

    Returns:
        The server's LLMs in their order, then what was found.

    >>> reachable_llms()
    []
    """
    servers = [server] if server else [each for each in running() if isinstance(each, LocalDari)]
    llms = {name: llm for each in servers for name, llm in each.llms.items()}
    return llm_states(llms, probe=probe)
