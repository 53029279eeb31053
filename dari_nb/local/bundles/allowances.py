"""What the operator of a server lets organizations do, whatever their bundles ask for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ...errors import InvalidRequestError
from ..store import Store
from ..store.costs import total
from ..store.records import FIRST_ORG

Amount = Decimal | int | float | str
"""US dollars; a text or a ``Decimal`` is exact."""

NO_INTERNET = (
    "The operator of this server does not allow internet access: "
    "LocalDari(internet_access=True) or dari-local serve --internet-access would."
)


@dataclass(frozen=True)
class Allowance:
    """What one organization may do.

    Attributes:
        internet_access: Whether sandboxes of its sessions may reach the network.
        max_cost: US dollars that its sessions may cost together, or ``None`` for any.
        variables: Environment variables that its bundles may name as secrets of their LLMs.
    """

    internet_access: bool = False
    max_cost: Decimal | None = None
    variables: frozenset[str] = frozenset()


class Allowances:
    """The allowances of all organizations; those of others than the first are in the store.

    Args:
        store: The server's store.
        first: What the first organization may do.
    """

    def __init__(self, store: Store, first: Allowance | None = None) -> None:
        self._store = store
        self.first = first or Allowance()
        self._spent: dict[str, tuple[int, Decimal]] = {}

    def of(self, org_id: str) -> Allowance:
        """What an organization may do."""
        if org_id == FIRST_ORG:
            return self.first
        internet_access, max_cost = self._store.limits(org_id)
        return Allowance(internet_access, None if max_cost is None else Decimal(max_cost))

    def change(
        self, org_id: str, *, internet_access: bool | None = None, max_cost: Amount | None = None
    ) -> None:
        """Let another organization than the first do more or less; what is left out stays.

        Raises:
            InvalidRequestError: The amount is none.
        """
        new = changed(self.of(org_id), internet_access=internet_access, max_cost=max_cost)
        most = None if new.max_cost is None else f"{new.max_cost:f}"
        self._store.set_limits(org_id, internet_access=new.internet_access, max_cost=most)

    def is_spent(self, org_id: str) -> bool:
        """Whether what is known to be spent has reached the organization's limit."""
        most = self.of(org_id).max_cost
        return most is not None and self._known_cost(org_id) >= most

    def _known_cost(self, org_id: str) -> Decimal:
        """Add up what came since the last look: there may be many reports."""
        last, spent = self._spent.get(org_id, (0, Decimal(0)))
        if new := self._store.costs_after(org_id, last):
            last, spent = new[-1][0], total([spent, *(amount for _, amount in new)])
            self._spent[org_id] = last, spent
        return spent


def changed(
    allowance: Allowance,
    *,
    internet_access: bool | None = None,
    max_cost: Amount | None = None,
    secrets: Iterable[str] = (),
) -> Allowance:
    """The allowance with what is given in place of what it was.

    Raises:
        InvalidRequestError: The amount is none.
    """
    if internet_access is None:
        internet_access = allowance.internet_access
    most = allowance.max_cost if max_cost is None else dollars(max_cost)
    return Allowance(internet_access, most, allowance.variables | _names(secrets))


def dollars(amount: Amount) -> Decimal | None:
    """Read a limit; an infinite one is none at all.

    Raises:
        InvalidRequestError: It is no number, or negative.

    >>> dollars("2.50"), dollars(0.1), dollars("inf") is None
    (Decimal('2.50'), Decimal('0.1'), True)
    """
    try:
        most = Decimal(str(amount)) if not isinstance(amount, bool) else Decimal("NaN")
    except InvalidOperation:
        most = Decimal("NaN")
    if most.is_nan() or most < 0:
        raise InvalidRequestError(
            f"max_cost is a number of US dollars from 0, not {amount!r}", code="invalid_max_cost"
        )
    return most if most.is_finite() else None


def _names(secrets: Iterable[str]) -> frozenset[str]:
    if isinstance(secrets, str):
        raise InvalidRequestError(
            f"secrets is a list of names, such as [{secrets!r}]", code="invalid_secret"
        )
    return frozenset(secrets)
