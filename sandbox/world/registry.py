"""Who exists, under which ids, and what became known when. Deterministic from its options.

Histories are written on first use and kept; a look-up by any id is one dictionary access. The clock is not here:
whoever asks names the day. Figures are ledger.py's.
"""

from dataclasses import dataclass
from functools import cached_property

from sandbox.world.accounts import Account, Portfolio, build_account
from sandbox.world.amendments import Correction, LateVersion
from sandbox.world.exact import token, uuid_of
from sandbox.world.history import History
from sandbox.world.market import Market
from sandbox.world.policy import PolicyVersion


@dataclass(frozen=True)
class WorldOptions:
    accounts: int = 12
    seed: str = "bluum"
    stale_one_in: int = 40  # of refreshed prices, one in this many is stale and one unavailable; 0: none


class Registry:
    generation = 0  # a part of every id: another generation is the same people under new ids

    def __init__(self, options: WorldOptions) -> None:
        self.options = options
        self.seed = options.seed
        self.market = Market(self.seed)
        self.corrections: list[Correction] = []
        self.late_versions: list[LateVersion] = []
        self._histories: dict[int, History] = {}

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        numbers = range(self.options.accounts)
        return tuple(build_account(self.seed, self.generation, number, self.market) for number in numbers)

    @cached_property
    def _by_id(self) -> dict[str, Account]:
        return {key: account for account in self.accounts for key in (account.account_id, account.investor_id)}

    @cached_property
    def _portfolio_by_id(self) -> dict[str, tuple[Account, Portfolio]]:
        return {p.portfolio_id: (account, p) for account in self.accounts for p in account.portfolios}

    def account(self, account_id: str) -> Account | None:
        """By the UUID of the account surface or the `inv_` id of the investor surface."""
        return self._by_id.get(account_id)

    def portfolio(self, portfolio_id: str) -> tuple[Account, Portfolio] | None:
        return self._portfolio_by_id.get(portfolio_id)

    def position_id(self, account: Account, symbol: str) -> str:
        return "pos_01" + token(24, self.seed, self.generation, account.number, "position", symbol)

    def position_uuid(self, account: Account, symbol: str) -> str:
        return uuid_of(self.seed, self.generation, account.number, "position", symbol)

    def history(self, account: Account) -> History:
        found = self._histories.get(account.number)
        if found is None:
            found = History(account, self.versions(account), self.market, self.seed)
            self._histories[account.number] = found
        return found

    def versions(self, account: Account) -> tuple[PolicyVersion, ...]:
        return (*account.policy, *(late.policy for late in self.late_versions if late.account_number == account.number))
