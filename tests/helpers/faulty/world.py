"""A world whose ids change: a wipe as Bluum's own sandbox has one every night, and ids however odd."""

from dataclasses import replace

from sandbox.world.accounts import Account
from sandbox.world.registry import WorldOptions
from sandbox.world.world import World


class RenamedWorld(World):
    def __init__(self, options: WorldOptions) -> None:
        self._position_ids: dict[tuple[int, str], str] = {}
        super().__init__(options)

    def position_id(self, account: Account, symbol: str) -> str:
        return self._position_ids.get((account.number, symbol)) or super().position_id(account, symbol)

    def wipe(self) -> None:
        """Every account and what hangs off it is gone, and the same people are back under new ids."""
        self.generation += 1
        self._position_ids.clear()
        self._histories.clear()
        self._forget_ids()

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
            held = self.history(account).at(self.market.last) if old.startswith("pos_") else None
            for symbol in held.symbols if held else ():
                if self.position_id(account, symbol) == old:
                    self._position_ids[account.number, symbol] = new
        self._forget_ids()
        self.accounts = tuple(changed)  # in place of what the cached property would work out

    def _forget_ids(self) -> None:
        for name in ("accounts", "_by_id", "_portfolio_by_id"):
            self.__dict__.pop(name, None)
        self.revision += 1
