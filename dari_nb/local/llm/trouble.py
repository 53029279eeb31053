"""What goes wrong between this server and a model, as one tree of errors.

::

    TurnFailure
    └── ProviderTrouble     the model gave no answer that can be used
        ├── BrokenStream    its stream ended early, or holds what nobody can read
        ├── Misfit          it is bound by a schema, and its answer does not fit that
        └── ToolsRefused    it takes no tools, and said so before it answered
"""

from __future__ import annotations

from ...models import Content
from ..agents import TurnFailure
from .tokens import Tokens

_SHOWN = 500
"""Characters of a provider's own words that are shown."""
_MISFIT = (
    "its answer does not fit the schema that binds it: {}. "
    'A server that heeds no response_format needs the setting tools = "native"'
)


class ProviderTrouble(TurnFailure):
    """A request to a model failed; the text says how, without the key.

    Attributes:
        may_pass: Whether the same request may succeed later.
        wait: Seconds that the provider asked to wait, if it did.
        begun: Whether the provider had begun to answer, so that it may have counted tokens.
        said: What it had thought and written, where that stays although there is no more.
        tokens: What it took, where that was told.
    """

    def __init__(
        self,
        text: str,
        *,
        may_pass: bool = False,
        wait: float | None = None,
        begun: bool = False,
        said: Content | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        super().__init__(text)
        self.may_pass = may_pass
        self.wait = wait
        self.begun = begun
        self.said = said
        self.tokens = tokens


class BrokenStream(ProviderTrouble):
    """The stream of an answer cannot be read to its end."""

    def __init__(self, text: str) -> None:
        super().__init__(text, may_pass=True, begun=True)


class Misfit(ProviderTrouble):
    """An answer does not fit the schema that binds it.

    Args:
        flaw: What is wrong with it.
        tokens: What it took, where that was told.
    """

    def __init__(self, flaw: str, tokens: Tokens | None) -> None:
        super().__init__(_MISFIT.format(flaw), may_pass=True, begun=True, tokens=tokens)


class ToolsRefused(ProviderTrouble):
    """A server takes no request with tools."""


def shortened(text: str) -> str:
    """Keep the beginning of a text that somebody else wrote."""
    text = text.strip()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
