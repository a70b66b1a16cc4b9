"""The world: who exists, under which ids, and what became known when. Deterministic from its options.

Histories are written on first use and kept; a look-up by any id is one dictionary access. The clock is not here:
whoever asks names the day. Figures are ledger.py's.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from sandbox.accounts import Account, Portfolio, build_account
from sandbox.amendments import SCRIPT_CORRECTION, SCRIPT_DIVIDEND, SCRIPT_POLICY, Correction, LateVersion
from sandbox.exact import token, uuid_of
from sandbox.history import History
from sandbox.ledger import Ledger
from sandbox.market import Market
from sandbox.policy import PolicyVersion


@dataclass(frozen=True)
class WorldOptions:
    accounts: int = 12
    seed: str = "bluum"
    stale_one_in: int = 40  # of refreshed prices, one in this many is stale and one unavailable; 0: none
    script: bool = True  # the corrections and the late policy version that story.py tells about


class World:
    def __init__(self, options: WorldOptions | None = None) -> None:
        self.options = options or WorldOptions()
        self.seed = self.options.seed
        self.market = Market(self.seed)
        self.generation = 0
        self.revision = 0  # counts the changes: part of every cache key
        self.corrections: list[Correction] = []
        self.late_versions: list[LateVersion] = []
        self._histories: dict[int, History] = {}
        self._position_ids: dict[tuple[int, str], str] = {}
        self.ledger = Ledger(self)
        if self.options.script:
            for correction in (SCRIPT_CORRECTION, SCRIPT_DIVIDEND):
                if correction.account_number < self.options.accounts:
                    self.corrections.append(self._named(correction))
            if SCRIPT_POLICY.account_number < self.options.accounts:
                self.late_versions.append(SCRIPT_POLICY)

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
        renamed = self._position_ids.get((account.number, symbol))
        return renamed or "pos_01" + token(24, self.seed, self.generation, account.number, "position", symbol)

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

    def warm(self) -> None:
        """Write every history now: benchmarks call it so that the first requests are not the slow ones."""
        for account in self.accounts:
            self.history(account)

    # ------------------------------------------------------------- changes

    def correct(
        self, account_id: str, measure: str, amount: Decimal, day: date, known_at: datetime, symbol: str | None = None
    ) -> Correction:
        """Register a restatement (see Correction); without a symbol, the account's first stock bears it."""
        account = self._require(account_id)
        correction = self._named(Correction(account.number, measure, Decimal(amount), day, known_at, symbol))
        self.corrections.append(correction)
        self.revision += 1
        return correction

    def publish_policy(self, account_id: str, policy: PolicyVersion) -> None:
        """Register a policy version that appears at its `published_at`, perhaps effective from an earlier day."""
        account = self._require(account_id)
        if any(version.version == policy.version for version in self.versions(account)):
            raise ValueError(f"version {policy.version} exists, and a published version never changes")
        self.late_versions.append(LateVersion(account.number, policy))
        self._histories.pop(account.number, None)
        self.revision += 1

    def wipe(self) -> None:
        """The nightly wipe: every account and what hangs off it is gone, and the same people are back under new ids."""
        self.generation += 1
        self._position_ids.clear()
        self._refresh(None)

    def rename(self, old: str, new: str) -> None:
        """Give an account, an investor, a portfolio or a position another id, however odd."""
        changed = []
        for account in self.accounts:
            if old == account.account_id:
                account = replace(account, account_id=new)
            elif old == account.investor_id:
                account = replace(account, investor_id=new)
            named = (replace(p, portfolio_id=new) if p.portfolio_id == old else p for p in account.portfolios)
            changed.append(replace(account, portfolios=tuple(named)))
            for symbol in self.history(account).at(self.market.last).symbols if old.startswith("pos_") else ():  # type: ignore[union-attr]
                if self.position_id(account, symbol) == old:
                    self._position_ids[account.number, symbol] = new
        self._refresh(tuple(changed))

    def _refresh(self, accounts: tuple[Account, ...] | None) -> None:
        for name in ("accounts", "_by_id", "_portfolio_by_id"):
            self.__dict__.pop(name, None)
        if accounts is not None:
            self.__dict__["accounts"] = accounts
        else:
            self._histories.clear()
        self.revision += 1

    def _require(self, account_id: str) -> Account:
        account = self.account(account_id)
        if account is None:
            raise KeyError(f"no account {account_id}")
        return account

    def _named(self, correction: Correction) -> Correction:
        if correction.symbol or correction.measure in ("interest_income", "fees_paid"):
            return correction
        return replace(correction, symbol=self.accounts[correction.account_number].stocks[0])
