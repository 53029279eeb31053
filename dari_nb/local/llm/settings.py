"""A model with everything that is needed to ask it, except its key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Annotated, Any, Literal

import msgspec

from ..._secret import hidden
from ...errors import InvalidRequestError
from ..gguf import ModelFile, Tools, model_file
from ..network.addresses import base_url
from ..store.records import JsonObject

Provider = Literal["openrouter", "openai", "anthropic"]
Positive = Annotated[int, msgspec.Meta(ge=1)]

BASE_URLS: dict[str, str] = {
    "openrouter": "https://openrouter.ai/api/v1",
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
}
"""Where each provider is."""
PROVIDER_KEYS = {f"{provider.upper()}_API_KEY": provider for provider in BASE_URLS}
"""The variables that hold the providers' own keys."""
_ANTHROPIC_OUTPUT = 8192
"""Most output tokens where the protocol needs a number and none is set."""


class LlmOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an LLM answers; what is left out is up to its server.

    Attributes:
        temperature: How freely it chooses its words; 0 always takes the likeliest one.
        top_p: It chooses among the likeliest words that have this probability together.
        seed: With the same one, the same question gets the same answer from the same machine.
        max_tokens: Most tokens of one answer.
        system: The system prompt of ``assistant``; other agents have one of their own.

    >>> url = "http://127.0.0.1:11434/v1"
    >>> exact = {"model": "llama3.2", "base_url": url, "options": {"temperature": 0, "seed": 1}}
    >>> dari.local.LocalDari(llms={"exact": exact}).llms["exact"].settings.options.seed
    1
    """

    temperature: Annotated[float, msgspec.Meta(ge=0)] | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] | None = None
    max_tokens: Positive | None = None
    system: str | None = None


class LlmSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The settings of one named LLM, as `LocalDari` and its configuration file take them.

    Attributes:
        model: The model's name, as its server knows it.
        gguf: In place of a server, a model that runs on this machine: the path of a GGUF file, or
            the name of a pulled model.
        context: Tokens that conversations with it may have, together.
        options: How it answers.
        tools: How it is told of tools. ``native``: as its protocol has it. ``schema``: in its
            prompt, and each answer is bound by a JSON Schema to one call or a text, for models
            that know no tools. ``auto``, the default: as its protocol has it, unless its server
            refuses that, or its file's chat template has no place for tools; SmolLM2, which would
            call a tool whatever it is asked, is bound only by ``schema``.
        images: Whether it sees images: PNG, JPEG, GIF and WebP that are attached to messages.
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

    >>> url = "http://127.0.0.1:11434/v1"
    >>> other = dari.local.LocalDari(llms={"small": {"model": "llama3.2", "base_url": url}})
    >>> other.llms["small"].settings.max_steps
    50
    """

    model: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    gguf: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    context: Annotated[int, msgspec.Meta(ge=64)] | None = None
    options: LlmOptions = msgspec.field(default_factory=LlmOptions)
    tools: Tools | None = None
    images: bool = False
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
        name: The model's name, as people know it.
        file: The model itself, when it runs on this machine; it has no address before.
        key: The key, when it was given with the settings.
        is_foreign: Whether somebody else than who runs the server chose the address, so that it
            must be a public one.
        key_name: The credential or variable that may hold the key, or ``None`` when it needs none.

    >>> url = "http://127.0.0.1:11434/v1"
    >>> other = dari.local.LocalDari(llms={"small": {"model": "llama3.2", "base_url": url}})
    >>> other.llms["small"].base_url
    'http://127.0.0.1:11434/v1'
    """

    settings: LlmSettings
    base_url: str
    protocol: Literal["chat_completions", "anthropic_messages"]
    model: str
    name: str
    file: ModelFile | None = None
    key: str | None = field(default=None, repr=False)
    is_foreign: bool = False

    @property
    def key_name(self) -> str | None:
        """Name of the credential that holds the key; ``None`` for a server that needs none."""
        given = self.settings
        named = given.api_key_secret or given.api_key_env
        if named or given.base_url is not None or self.file is not None:
            return named
        return f"{provider_of(self.name, given.provider).upper()}_API_KEY"

    @property
    def tools(self) -> Tools:
        """How it is told of tools: ``native``, ``schema`` or ``auto``."""
        return self.settings.tools or (self.file.tools if self.file else "auto")

    @property
    def options(self) -> dict[str, Any]:
        """The fields of a request that the settings decide."""
        streams = self.settings.stream
        is_chat = self.protocol == "chat_completions"
        usage = {"stream_options": {"include_usage": True}} if streams and is_chat else {}
        given = msgspec.to_builtins(self.settings.options)
        sampling = {key: given[key] for key in ("temperature", "top_p", "seed") if key in given}
        return {"stream": streams, **usage, **sampling, **self._output_limit}

    @property
    def abilities(self) -> dict[str, Any]:
        """What was set of how it is told of tools, and whether it sees images."""
        given = {"tools": self.settings.tools, "images": self.settings.images}
        return {key: value for key, value in given.items() if value}

    @property
    def own_options(self) -> dict[str, Any]:
        """What was set of how it answers, where it differs from what the model's makers advise."""
        advised = self.file.options if self.file else {}
        given = msgspec.to_builtins(self.settings.options)
        own = {key: value for key, value in given.items() if advised.get(key) != value}
        return own | self.abilities

    @property
    def max_output_tokens(self) -> int | None:
        """Most tokens of one answer, if there is a limit."""
        given = self.settings.max_output_tokens or self.settings.options.max_tokens
        return given or (_ANTHROPIC_OUTPUT if self.protocol == "anthropic_messages" else None)

    @property
    def _output_limit(self) -> dict[str, int]:
        most = self.max_output_tokens
        if most is None:
            return {}
        if self.protocol == "anthropic_messages":
            return {"max_tokens": most}
        is_openai = self.base_url == BASE_URLS["openai"]
        return {"max_completion_tokens" if is_openai else "max_tokens": most}

    def __str__(self) -> str:
        return f"{self.name} on this machine" if self.file else f"{self.model} at {self.base_url}"


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
        raise InvalidRequestError(
            f"llms.{name}: settings such as {{'model': …}} are needed.", code="invalid_llms"
        )
    try:
        _check_names(settings, LlmSettings)
        if isinstance(settings.get("options"), Mapping):
            _check_names(settings["options"], LlmOptions, " (in options)")
        plain = {k: str(v) if isinstance(v, PurePath) else v for k, v in settings.items()}
        return llm_of(msgspec.convert(plain, LlmSettings))
    except (msgspec.ValidationError, ValueError) as error:
        raise InvalidRequestError(
            f"llms.{name}: {_place_last(str(error))}", code="invalid_llms"
        ) from None


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
        ValueError: ``base_url`` is no address that can be asked, there is no such file, or the
            settings contradict each other.
    """
    key, settings.api_key = hidden(settings.api_key), None
    if settings.max_output_tokens and settings.options.max_tokens:
        raise ValueError("max_output_tokens and options.max_tokens are the same: give one")
    if settings.gguf is not None:
        return _llm_of_file(settings, settings.gguf, has_key=key is not None)
    if settings.context is not None:
        raise ValueError("context is for a model of this machine, with gguf")
    if settings.model is None:
        raise ValueError("Object missing required field `model` (or `gguf`, a file)")
    name = settings.model
    if settings.base_url is not None:
        url = base_url(settings.base_url)
        speaks_messages = settings.provider == "anthropic"
        return Llm(
            settings, url, _protocol(settings, is_anthropic=speaks_messages), name, name, key=key
        )
    provider = provider_of(name, settings.provider)
    protocol = _protocol(settings, is_anthropic=provider == "anthropic")
    # OpenRouter's own names begin with the maker; the makers' do not.
    model = name if provider == "openrouter" else name.removeprefix(f"{provider}/")
    return Llm(settings, BASE_URLS[provider], protocol, model, name, key=key)


def _llm_of_file(settings: LlmSettings, gguf: str, *, has_key: bool) -> Llm:
    """A model of this machine, with what its makers advise where nothing else is said."""
    foreign = ("provider", "base_url", "api_key_env", "api_key_secret")
    given = [name for name in foreign if getattr(settings, name) is not None]
    if given or has_key:
        raise ValueError(f"{(given or ['api_key'])[0]} is for a server, and gguf needs none")
    if settings.images:
        raise ValueError("images is for a server: models of this machine are shown none")
    file = model_file(gguf, settings.context)
    own = msgspec.to_builtins(settings.options)
    advised = dict(file.options)
    if settings.max_output_tokens:
        advised.pop("max_tokens", None)
    options = msgspec.convert(advised | own, LlmOptions)
    name = settings.model or file.model
    changed = msgspec.structs.replace(settings, options=options)
    return Llm(changed, file.path.as_uri(), "chat_completions", name, name, file)


def _protocol(
    settings: LlmSettings, *, is_anthropic: bool
) -> Literal["chat_completions", "anthropic_messages"]:
    if is_anthropic and settings.options.seed is not None:
        raise ValueError("seed (in options): Anthropic's protocol knows none")
    return "anthropic_messages" if is_anthropic else "chat_completions"


def _check_names(given: Iterable[Any], known: type[msgspec.Struct], place: str = "") -> None:
    fields = known.__struct_fields__
    for name in map(str, given):
        if name not in fields:
            close = difflib.get_close_matches(name, fields, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it has: {', '.join(fields)}"
            raise ValueError(f"Object contains unknown field `{name}`{place}: {hint}")


def _place_last(text: str) -> str:
    what, _, place = text.partition(" - at `$.")
    return f"{what} (in {place.rstrip('`')})" if place else what
