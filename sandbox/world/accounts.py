"""The cast: which accounts the sandbox has, and what each is there to show.

Account number n takes role n modulo 12 and draws the rest (dates, money, symbols) from the seed; the first twelve
keep the dates that story.py tells about. Identity and intent only: what happens to the money is history.py's,
personal data is people.py's.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.world.exact import digest, pick, token, uuid_of
from sandbox.world.instruments import INSTRUMENTS, REAL_FUNDS, REAL_STOCKS
from sandbox.world.market import Market
from sandbox.world.policies import script_of
from sandbox.world.policy import PolicyVersion

ROLES = (
    "balanced",  # policy change during the story; holds crypto that its policy does not name
    "trader",  # self-directed, trades single stocks, sells out now and then: no policy, no portfolio
    "growth",  # two portfolios; a policy version that arrives late
    "short",  # self-directed, a short and euros
    "old_style",  # zero-quantity rows, `stocks` and `bonds`, UUIDs as position ids
    "naira",  # a second portfolio in NGN
    "crypto",  # 18 decimals, rebalanced once a year: drifts far
    "closing",  # closes during the story
    "unallocated",  # advised, with a policy, yet without a portfolio
    "newcomer",  # opens during the story
    "conservative",  # narrow bands, a zero target, a draft that stays one
    "dormant",  # suspended, or not approved yet
)
# Held outside the policy: bought at the start, left alone by rebalancing, counted in the actual allocation.
STRAYS = {"balanced": "SBX-COIN", "conservative": "SBX-GOLD"}
POLICY_CHANGE = date(2022, 5, 2)
CLOSING_DAY = date(2022, 5, 13)
OPENING_DAY = date(2022, 4, 20)


@dataclass(frozen=True)
class Portfolio:
    portfolio_id: str
    name: str
    currency: str
    sleeve: int
    created_at: datetime


@dataclass(frozen=True)
class Account:
    number: int
    role: str
    account_id: str
    investor_id: str
    account_number: str | None
    account_type: str
    advised: bool
    opened: date
    created_at: datetime
    closes: date | None
    suspended: bool
    deposit: Decimal
    percent_step: Decimal
    portfolios: tuple[Portfolio, ...]
    ips_id: str
    policy: tuple[PolicyVersion, ...]
    stocks: tuple[str, ...]  # every stock, in the order this account comes to them

    @property
    def currency(self) -> str:
        return "USD"

    @property
    def old_style(self) -> bool:
        return self.role == "old_style"

    def asset_class(self, symbol: str) -> str:
        name = INSTRUMENTS[symbol].asset_class
        return {"equities": "stocks", "fixed_income": "bonds"}.get(name, name) if self.old_style else name

    def is_open(self, day: date) -> bool:
        """Listed by the API on that day (a closed account stays listed)."""
        return self.opened <= day

    def is_closed(self, day: date) -> bool:
        return self.closes is not None and day >= self.closes


def build_account(seed: str, generation: int, number: int, market: Market) -> Account:
    cycle, place = divmod(number, len(ROLES))
    role = ROLES[place]
    me = (seed, "account", number)
    opened = _opening_day(market, role, cycle, *me)
    created_at = _instant(opened, *me)
    closes = None
    if role == "closing":
        closes = market.next_trading_day(CLOSING_DAY + timedelta(days=pick(-30, 90, *me, "closes") if cycle else 0))
    ids = (*me, generation)  # a wipe changes every id and nothing else
    pending = role == "dormant" and cycle % 2 == 1
    ring = sorted(REAL_STOCKS, key=lambda symbol: digest(*me, "ring", symbol))
    account = Account(
        number=number,
        role=role,
        account_id=uuid_of(*ids, "uuid"),
        investor_id="inv_01" + token(24, *ids, "inv"),
        account_number=None if pending else f"9{pick(0, 10**11 - 1, *ids, 'number'):011d}",
        account_type=("individual", "joint", "individual", "corporate")[number % 4],
        advised=role not in ("trader", "short", "dormant"),
        opened=opened,
        created_at=created_at,
        closes=closes,
        suspended=role == "dormant",
        deposit=Decimal(0) if pending else Decimal(pick(20, 480, *me, "deposit") * 1000),
        percent_step=Decimal("0.0001") if role == "crypto" else Decimal("0.01"),
        portfolios=(),
        ips_id="ips_" + token(12, *ids, "ips"),
        policy=script_of(role, opened, created_at, POLICY_CHANGE),
        stocks=tuple(ring),
    )
    return replace(account, portfolios=_portfolios(account, ids))


def _opening_day(market: Market, role: str, cycle: int, *me: object) -> date:
    if role == "newcomer":
        return market.next_trading_day(OPENING_DAY + timedelta(days=pick(-60, 90, *me, "opened") if cycle else 0))
    return market.days[pick(3, 420, *me, "opened")]


def _instant(day: date, *me: object) -> datetime:
    """Some time during New York's trading hours, to the microsecond (a few accounts: whole seconds, as in samples)."""
    moment = datetime.combine(day, time(15), UTC) + timedelta(microseconds=pick(0, 4 * 3600 * 10**6, *me, "instant"))
    return moment.replace(microsecond=0) if digest(*me, "whole") % 5 == 0 else moment


def _portfolios(account: Account, ids: tuple[object, ...]) -> tuple[Portfolio, ...]:
    if not account.advised or account.role == "unallocated":
        return ()
    kinds = [("Core", "USD")]
    if account.role == "growth":
        kinds.append(("Satellite funds", "USD"))
    if account.role == "naira":
        kinds.append(("Lagos", "NGN"))
    made = account.created_at
    return tuple(
        Portfolio("port_" + token(12, *ids, "port", n), name, currency, n, made + timedelta(minutes=7 * (n + 1)))
        for n, (name, currency) in enumerate(kinds)
    )


def symbols_for(account: Account, sleeve: int, turn: int) -> dict[str, tuple[str, ...]]:
    """The model of one portfolio by asset class; each rebalancing (`turn`) drops one stock and takes up another."""
    if sleeve < len(account.portfolios) and account.portfolios[sleeve].currency == "NGN":
        model = {
            "equities": ("SBX-NG-BANK", "SBX-NG-CEMENT"),
            "fixed_income": ("SBX-NG-BOND",),
            "treasury": ("SBX-NG-TBILL",),
        }
    else:
        start, width = turn % len(account.stocks), 3 + account.number % 3
        chosen = (account.stocks * 2)[start : start + width]
        model = {
            "equities": REAL_FUNDS[:3] if account.role == "growth" and sleeve == 1 else chosen,
            "fixed_income": ("SBX-BOND-CORP", "SBX-BOND-MUNI"),
            "treasury": ("SBX-TREASURY-10Y", "SBX-TREASURY-BILL"),
            "alternatives": ("SBX-GOLD", "SBX-REIT"),
            "crypto": ("SBX-COIN",),
        }
    return {account.asset_class(symbols[0]): symbols for symbols in model.values()}
