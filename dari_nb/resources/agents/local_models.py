"""The models that a local Dari has or could have, told to those who name one that it has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidRequestError
from ...suggestions import did_you_mean

if TYPE_CHECKING:
    from ...local import LocalDari


def models_to_have(server: LocalDari) -> list[tuple[str, str]]:
    """Name the models that a local Dari could have by itself, and has not, with how to get each."""
    from ...local import list_models
    from ...local.gguf import lacking

    missing = lacking()
    pull = "then %dari model pull {} gets it" if missing else "%dari model pull {} gets it"
    models = [each for each in list_models() if each.name not in server.llms]
    return [
        (each.name, "; ".join(filter(None, [each.about, missing, pull.format(each.name)])))
        for each in models
    ]


def why_no_assistant(server: LocalDari | None, agent: str) -> str:
    """Say what an agent that is not there is waiting for; empty unless it is the assistant."""
    from ...local.llm.llms import ASSISTANT

    if server is None or agent != ASSISTANT:
        return ""
    models = "".join(f" {name} is {how}." for name, how in models_to_have(server))
    return f"There is no agent named {agent!r} yet: it comes with the first model.{models}"


def check_llm(name: str, server: LocalDari | None) -> None:
    """Refuse a name of which a local Dari could make nothing.

    Models that are asked elsewhere have their maker in front; those at an address of their own
    stand in a manifest.

    Raises:
        InvalidRequestError: It is neither an LLM of the local Dari nor named as a provider's is.
    """
    if server is None or name in server.llms or "/" in name:
        return
    hint = did_you_mean(name, server.llms)
    raise InvalidRequestError(
        f"There is no LLM {name!r} here{hint}. {nameable_llms(server)}.", code="llm_not_found"
    )


def nameable_llms(server: LocalDari | None) -> str:
    """Say in a sentence without its end what can be named as an LLM."""
    if server is None:
        return "Name one, such as openai/gpt-5.5"
    if server.llms:
        return f"This local Dari has {', '.join(server.llms)}; a provider's is openai/gpt-5.5, say"
    pulls = "".join(f"; {name} is {how}" for name, how in models_to_have(server))
    return f"This local Dari has none; a provider's is openai/gpt-5.5, say{pulls}"
