"""LLMs behind the agents of the local Dari: wire protocols, keys, prices, and the agent loop."""

from .agent import LlmAgent
from .keys import SessionSecrets
from .llms import ASSISTANT, NO_ASSISTANT, Llms
from .patience import BACKOFF as LLM_BACKOFF
from .published import PublishedAgents
from .settings import Llm

__all__ = [
    "ASSISTANT",
    "LLM_BACKOFF",
    "NO_ASSISTANT",
    "Llm",
    "LlmAgent",
    "Llms",
    "PublishedAgents",
    "SessionSecrets",
]
