"""The rebalancing analysis: how far a portfolio has drifted from its policy, and the trades that would mend it.

Actual shares are of the positions' value (no cash), rounded so that they sum to 100 exactly, and drift is
actual - target to the digit. A class that is held but not named by the policy has target 0. Pure: everything comes
in as arguments.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.world.accounts import Account, Portfolio, symbols_for
from sandbox.world.books import Holding, Snapshot
from sandbox.world.clock import NEW_YORK
from sandbox.world.exact import CENT, HUNDRED, ZERO, over, percentages, round_to, times
from sandbox.world.facts import Analysis, ClassDrift, Trade
from sandbox.world.market import Market
from sandbox.world.policy import PolicyVersion

_REBALANCED_AT = time(10, 30)
_LONG_TERM = timedelta(days=365)
_QUANTITY_STEP = Decimal("0.0001")

CACHING = "crypto"  # the role that is shown Monday's analysis on Tuesdays
_TUESDAY = 1
_SHOWN_FROM = time(22)

Held = dict[str, tuple[Holding, Decimal]]  # symbol -> holding, close


def analyse(
    account: Account,
    portfolio: Portfolio,
    snapshot: Snapshot | None,
    policy: PolicyVersion | None,
    market: Market,
    day: date,
) -> Analysis:
    held: Held = {}
    for (sleeve, symbol), holding in snapshot.holdings.items() if snapshot else ():
        if sleeve == portfolio.sleeve and holding.quantity:
            held[symbol] = holding, market.close(symbol, day)
    last = snapshot.last_rebalanced.get(portfolio.sleeve) if snapshot else None
    classes = _classes(account, held, policy)
    reason = _reason(classes, policy, last)
    trades = _trades(account, portfolio, held, classes, policy) if reason else ()
    short, long = _estimated_gains(held, trades, day)
    return Analysis(
        portfolio_id=portfolio.portfolio_id,
        account_id=account.account_id,
        currency=portfolio.currency,
        day=day,
        policy_version=policy.version if policy else None,
        threshold=policy.threshold if policy else None,
        classes=classes,
        reason=reason,
        trades=trades,
        short_term_gains=short,
        long_term_gains=long,
        harvestable_losses=-sum((min(g, ZERO) for h, price in held.values() for _, g in _gains(h, price)), ZERO),
        last_rebalanced_at=datetime.combine(last, _REBALANCED_AT, NEW_YORK) if last else None,
    )


def shown_again(account: Account, market: Market, day: date) -> datetime | None:
    """When the analysis that is shown on `day` was made, if that was on the trading day before."""
    before = market.days[market.index(day - timedelta(days=1))]
    if account.role != CACHING or day.weekday() != _TUESDAY or not account.is_open(before):
        return None
    return datetime.combine(before, _SHOWN_FROM, NEW_YORK).astimezone(UTC)


def _classes(account: Account, held: Held, policy: PolicyVersion | None) -> tuple[ClassDrift, ...]:
    values: dict[str, Decimal] = {}
    for symbol, (holding, price) in held.items():
        name = account.asset_class(symbol)
        values[name] = values.get(name, ZERO) + times(holding.quantity, price)
    if not values:
        return ()
    shares = percentages(values, account.percent_step)
    named = {target.asset_class: target for target in policy.targets} if policy else {}
    return tuple(
        ClassDrift(
            asset_class=name,
            target=named[name].target if name in named else ZERO,
            actual=shares.get(name, ZERO),
            low=named[name].low if name in named else None,
            high=named[name].high if name in named else None,
        )
        for name in dict.fromkeys((*named, *sorted(values)))
    )


def _reason(classes: tuple[ClassDrift, ...], policy: PolicyVersion | None, last: date | None) -> str | None:
    if policy is None or not classes:
        return None
    if any(c.outside or abs(c.drift) >= policy.threshold for c in classes):
        return "allocation_drift"
    return "ips_change" if last and policy.effective_date > last else None


def _trades(
    account: Account, portfolio: Portfolio, held: Held, classes: tuple[ClassDrift, ...], policy: PolicyVersion | None
) -> tuple[Trade, ...]:
    """One trade for each class that is more than half the threshold away: its largest holding, or its first symbol."""
    total = sum((times(h.quantity, price) for h, price in held.values()), ZERO)
    model, trades = symbols_for(account, portfolio.sleeve, 0), []
    worth_it = policy.threshold / 2 if policy else ZERO
    for drift in classes:
        if abs(drift.drift) <= worth_it:
            continue
        mine = [symbol for symbol in held if account.asset_class(symbol) == drift.asset_class]
        by_value = sorted(mine, key=lambda s: (-times(held[s][0].quantity, held[s][1]), s))
        symbol = next(iter(by_value), None) or next(iter(model.get(drift.asset_class, ())), None)
        if symbol is None or symbol not in held:
            continue
        notional = round_to(total * abs(drift.drift) / HUNDRED, CENT)
        sell = drift.drift > 0
        trades.append(
            Trade(
                action="sell" if sell else "buy",
                symbol=symbol,
                asset_class=drift.asset_class,
                quantity=over(notional, held[symbol][1], _QUANTITY_STEP),
                notional=notional,
                reason=f"{'Reduce' if sell else 'Increase'} {drift.asset_class} allocation",
            )
        )
    return tuple(trades)


def _gains(holding: Holding, price: Decimal) -> list[tuple[date, Decimal]]:
    return [(lot.bought_on, times(lot.quantity, price) - lot.cost) for lot in holding.lots]


def _estimated_gains(held: Held, trades: tuple[Trade, ...], day: date) -> tuple[Decimal, Decimal]:
    """What the proposed sales would realize, first in, first out: short term, long term."""
    short = long = ZERO
    for trade in trades:
        if trade.action != "sell":
            continue
        holding, price = held[trade.symbol]
        left = trade.quantity
        for lot in holding.lots:
            part = min(left, lot.quantity)
            gain = times(part, price - lot.unit_cost)
            left -= part
            if day - lot.bought_on > _LONG_TERM:
                long += gain
            else:
                short += gain
    return short, long
