"""A model with everything that is needed to ask it, except its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from ..._secret import hidden
from ...errors import InvalidRequestError
from ..addresses import base_url
from ..records import JsonObject

Provider = Literal["openrouter", "openai", "anthropic"]
Positive = Annotated[int, msgspec.Meta(ge=1)]

BASE_URLS: dict[str, str] = {
    "openrouter": "https://openrouter.ai/api/v1",
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
}
"""Where each provider is."""
_ANTHROPIC_OUTPUT = 8192
"""Most output tokens where the protocol needs a number and none is set."""


class LlmSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The settings of one named LLM, as `LocalDari` and its configuration file take them.

    Attributes:
        model: The model's name, as its server knows it.
        provider: Whose protocol is spoken; by the model's prefix when left out, and chat
            completions whenever ``base_url`` is set.
        base_url: Where the server is, up to and with ``/v1``.
        api_key: The key itself; it stays in memory.
        api_key_env: The environment variable that holds the key.
        api_key_secret: The credential that holds the key.
        max_output_tokens: Most tokens of one answer.
        max_turn_tokens: Most tokens of one turn, input and output of all its requests.
        max_steps: Most requests of one turn.
        max_parallel: Most requests at once; more wait here, where no timeout runs.
        timeout: Seconds of silence after which an answer counts as broken.
        stream: Whether answers are streamed; some servers count tokens only when they are not.
    """

    model: Annotated[str, msgspec.Meta(min_length=1)]
    provider: Provider | None = None
    base_url: str | None = None
    api_key: str | None = None
    api_key_env: str | None = None
    api_key_secret: str | None = None
    max_output_tokens: Positive | None = None
    max_turn_tokens: Positive = 2_000_000
    max_steps: Positive = 50
    max_parallel: Positive = 8
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 300.0
    stream: bool = True


@dataclass(frozen=True)
class Llm:
    """A model that can be asked.

    Attributes:
        settings: Its settings, without the key.
        base_url: Where it is.
        protocol: What it speaks.
        model: The model's name as it is sent.
        key: The key, when it was given with the settings.
        key_name: The credential or variable that may hold the key, or ``None`` when it needs none.
    """

    settings: LlmSettings
    base_url: str
    protocol: Literal["chat_completions", "anthropic_messages"]
    model: str
    key: str | None = field(default=None, repr=False)

    @property
    def key_name(self) -> str | None:
        """Name of the credential that holds the key; ``None`` for a server that needs none."""
        given = self.settings
        named = given.api_key_secret or given.api_key_env
        if named or given.base_url is not None:
            return named
        return f"{provider_of(given.model, given.provider).upper()}_API_KEY"

    @property
    def options(self) -> dict[str, Any]:
        """The fields of a request that the settings decide."""
        streams = self.settings.stream
        is_chat = self.protocol == "chat_completions"
        usage = {"stream_options": {"include_usage": True}} if streams and is_chat else {}
        return {"stream": streams, **usage, **self._output_limit}

    @property
    def _output_limit(self) -> dict[str, int]:
        most = self.settings.max_output_tokens
        if self.protocol == "anthropic_messages":
            return {"max_tokens": most or _ANTHROPIC_OUTPUT}
        if most is None:
            return {}
        is_openai = self.base_url == BASE_URLS["openai"]
        return {"max_completion_tokens" if is_openai else "max_tokens": most}

    def __str__(self) -> str:
        return f"{self.model} at {self.base_url}"


def provider_of(model: str, provider: str | None = None) -> str:
    """The provider of a model, by the rules of the manifest (contract, section 15).

    >>> provider_of("anthropic/claude-haiku-4-5"), provider_of("mistralai/mistral-small")
    ('anthropic', 'openrouter')
    """
    prefix = model.partition("/")[0]
    return provider or (prefix if prefix in ("openai", "anthropic") else "openrouter")


def named_llm(name: str, settings: Mapping[str, Any]) -> Llm:
    """Read the settings that somebody gave for a named LLM.

    Raises:
        InvalidRequestError: Something is wrong with them; the text names the key.
    """
    if not isinstance(settings, Mapping):
        raise InvalidRequestError(f"llms.{name}: settings such as {{'model': …}} are needed.")
    try:
        return llm_of(msgspec.convert(dict(settings), LlmSettings))
    except (msgspec.ValidationError, ValueError) as error:
        raise InvalidRequestError(f"llms.{name}: {_place_last(str(error))}") from None


def option_llm(option: JsonObject) -> Llm:
    """Read an option of a published manifest.

    Raises:
        ValueError: Its address is none.
    """
    fields = ("model", "provider", "base_url", "api_key_secret")
    return llm_of(LlmSettings(**{name: option[name] for name in fields if option.get(name)}))


def llm_of(settings: LlmSettings) -> Llm:
    """Find out where a model is and what it speaks.

    Raises:
        ValueError: ``base_url`` is no address that can be asked.
    """
    key, settings.api_key = hidden(settings.api_key), None
    if settings.base_url is not None:
        url = base_url(settings.base_url)
        speaks_messages = settings.provider == "anthropic"
        protocol = "anthropic_messages" if speaks_messages else "chat_completions"
        return Llm(settings, url, protocol, settings.model, key)  # type: ignore[arg-type]
    provider = provider_of(settings.model, settings.provider)
    protocol = "anthropic_messages" if provider == "anthropic" else "chat_completions"
    # OpenRouter's own names begin with the maker; the makers' do not.
    model = settings.model
    model = model if provider == "openrouter" else model.removeprefix(f"{provider}/")
    return Llm(settings, BASE_URLS[provider], protocol, model, key)  # type: ignore[arg-type]


def _place_last(text: str) -> str:
    what, _, place = text.partition(" - at `$.")
    return f"{what} (in {place.rstrip('`')})" if place else what
