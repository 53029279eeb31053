"""What tokens cost, by a table that the user sets; there is no price that was not set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from ...errors import InvalidRequestError
from ..store.costs import total
from .tokens import Tokens

_EXACT = Context(prec=60)
_FIELDS = ("input", "output", "cached_input")


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens of each kind."""

    input: Decimal
    output: Decimal
    cached_input: Decimal

    def cost(self, tokens: Tokens) -> Decimal:
        """What these tokens cost, exactly."""
        fresh = max(0, tokens.input - tokens.cached)
        parts = (
            (fresh, self.input),
            (tokens.cached, self.cached_input),
            (tokens.output, self.output),
        )
        return total(
            _EXACT.scaleb(_EXACT.multiply(Decimal(number), price), -6) for number, price in parts
        )


class Prices:
    """The prices of models.

    Args:
        table: For each model ``{"input": "0.15", "output": "0.60"}``, US dollars for a million
            tokens as decimal text; ``cached_input`` as well where cached input costs less.

    Raises:
        InvalidRequestError: A price is missing or is no decimal; the text names it.

    >>> prices = Prices({"small": {"input": "0.15", "output": "0.60"}})
    >>> prices.cost(["small"], Tokens(input=1000, output=50))
    Decimal('0.00018000')
    >>> prices.cost(["large"], Tokens(input=1000, output=50)) is None
    True
    """

    def __init__(self, table: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._prices = {model: _price(model, given) for model, given in (table or {}).items()}

    def updated(self, table: Mapping[str, Mapping[str, Any]]) -> Prices:
        """The same prices with some more, or other ones."""
        more = Prices(table)
        more._prices = self._prices | more._prices
        return more

    def cost(self, models: list[str], tokens: Tokens | None) -> Decimal | None:
        """What tokens of a model cost, which may have several names; ``None`` when unknown."""
        price = next((self._prices[name] for name in models if name in self._prices), None)
        return None if price is None or tokens is None else price.cost(tokens)


def _price(model: str, given: Any) -> Price:
    where = f"prices.{model}"
    if not isinstance(given, Mapping) or not {"input", "output"} <= set(given):
        raise InvalidRequestError(
            f"{where}: input and output are needed, in USD per million.", code="invalid_prices"
        )
    if unknown := sorted(set(given) - set(_FIELDS)):
        raise InvalidRequestError(
            f"{where}: unknown key {unknown[0]!r}; the keys are {', '.join(_FIELDS)}.",
            code="invalid_prices",
        )
    amounts = {name: _amount(value, f"{where}.{name}") for name, value in given.items()}
    return Price(**({"cached_input": amounts["input"]} | amounts))


def _amount(value: Any, where: str) -> Decimal:
    is_exact = isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    try:
        amount = Decimal(value) if is_exact else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or len(amount.as_tuple().digits) > 20:
        raise InvalidRequestError(
            f"{where}: a decimal number as text is needed, such as '0.15'.", code="invalid_prices"
        )
    return amount
