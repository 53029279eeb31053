"""LLMs behind the agents of the local Dari: wire protocols, keys, prices, and the agent loop."""

from .keys import SessionSecrets
from .llms import ASSISTANT, Llms
from .published import PublishedAgents

__all__ = ["ASSISTANT", "Llms", "PublishedAgents", "SessionSecrets"]
