"""Random histories of a small world, with every event that makes an incremental build look back.

    seed -> loads in order, each with the rows of one load -> raw.*

Nights are missed and their P&L filled in later, accounts, lists and rosters fail and are asked again, reports are restated,
withdrawn, or begin on another day, symbols are renamed, currencies change, portfolios move, accounts close; policies change
on time, late, as drafts, are called current again, or have targets that are read only afterwards; rows wait in quarantine.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from helpers.sql_warehouse import Night

FIRST = date(2027, 12, 27)  # so that a week, a month, a quarter and a year end within the history
CLASSES = ("equities", "fixed_income", "treasury")
SYMBOLS = ("VTI", "BND", "GLD")


class History:
    """The world of one seed. Iterating yields builds: the loads that stand when dbt runs."""

    def __init__(self, source: int | random.Random, nights: int, accounts: int = 3) -> None:
        self.random = random.Random(source) if isinstance(source, int) else source
        self.nights = nights
        self.loads = 0
        self.sequences: dict[date, int] = {}
        self.accounts = [f"a{number}" for number in range(1, accounts + 1)]
        openings = (FIRST, FIRST - timedelta(days=400), None if self.chance(50) else FIRST + timedelta(days=3))
        self.opened: dict[str, date | None] = {account: openings[place % 3] for place, account in enumerate(self.accounts)}
        self.closed: set[str] = set()
        self.holder = {f"{account}-p{number}": account for account in self.accounts for number in (1, 2)}
        self.names = {account: {symbol: symbol for symbol in SYMBOLS} for account in self.accounts}
        self.currency = dict.fromkeys(self.accounts, "USD")
        self.versions = {account: [(1, FIRST - timedelta(days=300), "active")] for account in self.accounts}
        self.observed: dict[str, list[date]] = {account: [] for account in self.accounts}
        self.unread_targets: list[tuple[date, str, str, int]] = []
        # Drawn apart, so that holdings and exclusions leave the rest of a seed's world as it is.
        self.aside = random.Random(repr(self.random.getstate()))
        self.doubles = random.Random(repr(self.aside.getstate()))
        self.excluded = {account: self.aside.sample(("Tech", "FB", "gambling"), 2) for account in self.accounts}

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def money(self) -> str:
        return str(Decimal(self.random.randrange(-10_000, 10_000)) / 100)

    def __iter__(self) -> Iterator[list[Night]]:
        pending: list[Night] = []
        day = FIRST
        for _ in range(self.nights):
            if not self.chance(15):
                pending.append(self.night(day))
                if self.chance(25):
                    pending.append(self.resumed(day))
            if pending and not self.chance(15):
                yield pending
                pending = []
            day += timedelta(days=self.random.choice((1, 1, 1, 2, 3)))
        if pending:
            yield pending

    def load(self, day: date) -> Night:
        self.loads += 1
        return Night(day, f"{self.loads}.5", self.sequences.get(day, 0))

    def close(self, night: Night) -> Night:
        self.sequences[night.as_of] = night.sequence
        return night

    def night(self, day: date) -> Night:
        night = self.load(day)
        if self.chance(10):
            account = self.random.choice(self.accounts)
            self.opened[account] = FIRST - timedelta(days=self.random.randrange(5))
        if self.chance(5):
            self.currency[self.random.choice(self.accounts)] = "EUR"
        if self.chance(5):
            night.ask("accounts", outcome="failed")
            return self.close(night)
        if self.chance(8):
            self.closed.add(self.random.choice(self.accounts))
        if self.chance(8):
            self.holder[self.random.choice(sorted(self.holder))] = self.random.choice(self.accounts)
        if self.chance(15):
            names = self.names[self.random.choice(self.accounts)]
            symbol = self.random.choice(SYMBOLS)
            names[symbol] += ".NEW"
        here = [account for account in self.accounts if not self.chance(8)]
        rows = [
            {
                "account_id": account,
                "currency": self.currency[account],
                "opened_on": self.opened[account],
                "status": "CLOSED" if account in self.closed else "ACTIVE",
            }
            for account in here
        ]
        portfolios = [{"account_id": account, "portfolio_id": f"{account}-p1"} for account in here if not self.chance(30)]
        night.ask("accounts", accounts=rows, account_portfolios=portfolios)
        for account in here:
            self.account(night, account)
        return self.close(night)

    def resumed(self, day: date) -> Night:
        """More answers on a day that was built or not: failed accounts again, and some for no reason."""
        night = self.load(day)
        for account in self.accounts:
            if self.chance(40):
                self.account(night, account)
        return self.close(night)

    def account(self, night: Night, account: str) -> None:
        if account in self.closed and self.chance(70):
            return
        self.policies(night, account)
        self.positions(night, account)
        self.drift(night, account)
        self.pnl(night, account)

    def policies(self, night: Night, account: str) -> None:
        versions = self.versions[account]
        newest = versions[-1][0]
        day = night.as_of
        if self.chance(20):
            status = "draft" if self.chance(30) else "active"
            versions.append((newest + 1, day + timedelta(days=self.random.choice((0, 0, 1, -2, -5))), status))
        if self.chance(15):
            versions[-1] = (*versions[-1][:2], "active")
        if self.chance(5):
            night.ask("investment_policy", account, outcome="absent", params={"include_history": "true"})
            return
        history = {number: effective for number, effective, status in versions if status != "draft" and not self.chance(20)}
        current = [version for version in versions if version[2] != "draft" or self.chance(30)][-1]
        if self.chance(8):
            current = self.random.choice([version for version in versions if version[2] != "draft"])
        for version in {current, *(version for version in versions if self.chance(10))}:
            self.policy(night, account, version, history, asked_for=version != current)
        while self.unread_targets and self.chance(50):
            as_of, response_id, owner, number = self.unread_targets.pop()
            key = {"account_id": owner, "ips_id": "ips_1", "version": number, "asset_class": "treasury"}
            band = {"min_percent": "5", "target_percent": "10", "max_percent": "15"}
            night.add("policy_targets", response_id, {**key, **band, "as_of_date": as_of})

    def policy(
        self, night: Night, account: str, version: tuple[int, date, str], history: dict[int, date], *, asked_for: bool
    ) -> None:
        number, effective, status = version
        bands = {name: (str(20 + number), str(30 + number), str(40 + number)) for name in CLASSES[: 1 + number % 3]}
        threshold = None if number % 4 == 3 else str(2 + number)
        response_id = night.policy(
            account,
            number,
            effective,
            bands,
            status=status,
            threshold=threshold,
            history=None if asked_for else history,
            asked_for=asked_for,
            body={
                "minimum_cash_percent": ("5", "30", None)[number % 3],
                "rebalancing_frequency": ("monthly", "quarterly", "opportunistic", None)[number % 4],
                "tax_bracket": ("24", "37", "25")[number % 3],
            },
            terms=self.terms(account),
        )
        self.quarantine(night, response_id, "policy_targets", account)
        if len(bands) < 3 and self.chance(10):
            self.unread_targets.append((night.as_of, response_id, account, number))

    def quarantine(self, night: Night, response_id: str, table: str, account: str) -> None:
        """Now and then a row of the answer waits there, as the second of two with one id does."""
        if self.doubles.random() < 0.05:
            night.add("quarantine", response_id, {"account_id": account, "table_name": table})

    def terms(self, account: str) -> dict[str, list[str]]:
        """What a policy excludes; now and then it reads otherwise, without a new version."""
        if self.aside.random() < 0.05:
            self.excluded[account] = self.aside.sample(("Tech", "FB", "gambling", "real estate"), 2)
        items = self.excluded[account]
        securities = [item for item in items if item == "FB"]
        return {"excluded_sectors": [item for item in items if item != "FB"], "excluded_securities": securities}

    def holdings(self, night: Night, account: str, portfolio: str) -> None:
        """Most often all is told; now and then the answer fails, or something of it has no value, cash or sector."""
        draw = self.aside.random
        if draw() < 0.1:
            night.ask("holdings", account, portfolio, outcome="failed")
            return
        chosen = [symbol for symbol in ("VTI", "FB", "BND") if draw() < 0.7]
        rows = []
        for number, symbol in enumerate(chosen, start=1):
            units, price = self.aside.randrange(1, 9), self.aside.randrange(1, 90)
            rows.append(
                {
                    "item_number": number,
                    "symbol": symbol,
                    "asset_class": "gold" if draw() < 0.02 else CLASSES[("VTI", "FB", "BND").index(symbol) // 2],
                    "sector": None if draw() < 0.05 else self.aside.choice(("tech", "Real_Estate", "utilities")),
                    "quantity": str(units),
                    "current_price": None if draw() < 0.05 else str(price),
                    "total_cost_basis": str(units * 40),
                    "market_value": None if draw() < 0.05 else str(units * price),
                }
            )
        cash = None if draw() < 0.05 else str(self.aside.randrange(0, 300))
        head = {"currency": "EUR" if draw() < 0.05 else "USD", "cash_balance": cash}
        response_id = night.ask("holdings", account, portfolio, portfolio_holdings=[head], holdings=rows)
        self.quarantine(night, response_id, "holdings", account)

    def positions(self, night: Night, account: str) -> None:
        if self.chance(10):
            night.ask("positions", account, outcome=self.random.choice(("failed", "rejected")))
            return
        rows = [
            {
                "position_id": f"{account}-{symbol}",
                "symbol": symbol,
                "currency": "USD" if symbol != "GLD" else "EUR",
                "quantity": "3",
                "current_price": str(self.random.randrange(1, 9)),
                "market_value": str(self.random.randrange(1, 30)),
            }
            for symbol in SYMBOLS
            if not self.chance(30)
        ]
        first = night.ask("positions", account, positions=rows[:2])
        self.quarantine(night, first, "positions", account)
        if rows[2:] or self.chance(20):
            outcome = "ok" if self.chance(90) else "rejected"
            night.ask("positions", account, outcome=outcome, answer_id=first, page=1, positions=rows[2:])
        if rows and self.chance(30):
            fresh = {**rows[0], "market_value": "7"}
            outcome = self.random.choice(("ok", "ok", "failed"))
            answer = [fresh] if outcome == "ok" else []
            night.ask("position", account, outcome=outcome, params={"position_id": fresh["position_id"]}, positions=answer)

    def drift(self, night: Night, account: str) -> None:
        held = [portfolio for portfolio, holder in self.holder.items() if holder == account]
        if self.chance(15):
            night.ask("portfolios", account, outcome=self.random.choice(("failed", "rejected", "absent")))
            return
        night.ask("portfolios", account, portfolios=[{"portfolio_id": portfolio} for portfolio in held])
        for portfolio in held:
            self.holdings(night, account, portfolio)
            if self.chance(10):
                night.plan("rebalancing", account, portfolio)
                continue
            if self.chance(10):
                night.ask("rebalancing", account, portfolio, outcome=self.random.choice(("failed", "absent")))
                continue
            shares = {
                name: ("33", str(self.random.choice((15, 22, 30, 33, 36, 50)))) for name in CLASSES if not self.chance(15)
            }
            head: dict[str, Any] = {"needs_rebalancing": self.chance(50)}
            if self.aside.random() < 0.8:
                head["last_rebalanced_at"] = FIRST - timedelta(days=self.aside.randrange(20, 40))
            for figure in ("estimated_short_term_gains", "estimated_long_term_gains", "harvestable_losses"):
                head[figure] = None if self.aside.random() < 0.05 else str(self.aside.randrange(-90, 900))
            response_id = night.drift(account, portfolio, shares, **head)
            self.quarantine(night, response_id, "rebalancing_allocations", account)
            for number in range(self.random.randrange(3)):
                trade = {"account_id": account, "portfolio_id": portfolio, "trade_number": number, "symbol": "VTI"}
                night.add("rebalancing_trades", response_id, trade)

    def pnl(self, night: Night, account: str) -> None:
        day = night.as_of
        start = FIRST - timedelta(days=400) if self.chance(92) else FIRST
        ends = [day] if not self.chance(10) else []
        if self.chance(30):
            ends.append(day - timedelta(days=self.random.randrange(1, 12)))
        if self.observed[account] and self.chance(20):
            ends.append(self.random.choice(self.observed[account]))
        for end in ends:
            outcome = "ok" if self.chance(85) else self.random.choice(("failed", "absent"))
            if outcome == "ok" and self.chance(30) and end in self.observed[account]:
                continue
            self.observed[account].append(end)
            night.pnl(
                account,
                start,
                end,
                outcome=outcome,
                total_pnl=self.money(),
                realized_pnl=self.money() if self.chance(90) else None,
                unrealized_pnl=self.money(),
                fees_paid="1.5",
                dividend_income=self.money() if self.chance(80) else None,
                interest_income="0.25",
                positions={
                    self.names[account][symbol]: {
                        "realized_pnl": self.money(),
                        "unrealized_pnl": self.money() if self.chance(90) else None,
                        "dividend_income": self.money() if self.chance(50) else None,
                    }
                    for symbol in SYMBOLS
                    if self.chance(75)
                },
                classes={name: {"pnl": self.money(), "pnl_percent": "1"} for name in CLASSES if self.chance(60)},
            )
