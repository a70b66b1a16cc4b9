"""How one portfolio did over a window: its value day by day, what clients brought and took, and what is left to explain.

    snapshots + closes -> closing values;  values and flows -> daily returns -> Performance

A day's flows are taken to come at its end, where they are invested or paid: the day's return is that of the money of
the day before. Only trading days change a value, and only they have flows.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sandbox.world.accounts import Account, Portfolio
from sandbox.world.books import Earned, Purse, Snapshot
from sandbox.world.exact import CENT, HUNDRED, WIDE, ZERO, over, times
from sandbox.world.facts_portfolios import Comparison, Performance
from sandbox.world.history import History
from sandbox.world.instruments import INSTRUMENTS
from sandbox.world.market import Market
from sandbox.world.returns import ONE, STEP, annualized, chained, deviation, points, risk_of

_MARKET = "QUAL"  # beta is against this one, whatever is compared with


def performance_of(
    account: Account,
    portfolio: Portfolio,
    history: History,
    market: Market,
    window: tuple[date, date],
    benchmark: str | None,
) -> Performance:
    start, end = window
    eve, purse = start - timedelta(days=1), (portfolio.sleeve, portfolio.currency)
    days = market.days[bisect_left(market.days, start) : bisect_right(market.days, end)]
    values = [_value(history.at(day), purse, market, day) for day in days]
    flows = dict.fromkeys(days, ZERO)
    came = went = weighted = ZERO
    since = max(eve, account.opened)  # the time that the money was there
    span = max((end - since).days, 0)
    for moved in history.movements(start, end):
        if moved.purse == purse:
            flows[moved.day] += moved.amount
            came, went = came + max(moved.amount, ZERO), went + max(-moved.amount, ZERO)
            weighted += WIDE.divide(moved.amount * (end - moved.day).days, Decimal(span)) if span else ZERO
    starting = _value(history.at(eve), purse, market, eve)
    ending = values[-1] if values else starting
    # Before the first deposit, and after the last withdrawal, there is nothing that could have a return.
    told = [
        (day, over(value - flows[day], before, STEP) - ONE)
        for day, before, value in zip(days, (starting, *values), values, strict=False)
        if before > 0
    ]
    days_told, returns = tuple(day for day, _ in told), tuple(each for _, each in told)
    growth, earned, until = chained(returns), _earned(history.at(end), purse), _earned(history.at(eve), purse)
    result = Performance(
        portfolio_id=portfolio.portfolio_id,
        account_id=account.account_id,
        start=start,
        end=end,
        starting=starting,
        ending=ending,
        contributions=came,
        withdrawals=went,
        dividends=earned.dividends - until.dividends,
        interest=earned.interest - until.interest,
        fees=earned.fees - until.fees,
        time_weighted=points(growth),
        money_weighted=ZERO,
        annualized=annualized(growth, span),
        risk=risk_of(days_told, returns, _returns(market, _MARKET, days_told)),
        values=tuple(pair for pair in zip(days, values, strict=True) if pair[0] >= account.opened),
        comparison=None,
    )
    return replace(
        result,
        money_weighted=over(result.gains * HUNDRED, starting + weighted, CENT),
        comparison=_comparison(market, benchmark, result, days_told, returns) if benchmark else None,
    )


def _value(snapshot: Snapshot | None, purse: Purse, market: Market, day: date) -> Decimal:
    if snapshot is None:
        return ZERO
    index, value = market.index(day), snapshot.cash.get(purse, ZERO)
    for (sleeve, symbol), holding in snapshot.holdings.items():
        if sleeve == purse[0]:
            value += times(holding.quantity, market.closes(symbol)[index])
    return value


def _earned(snapshot: Snapshot | None, purse: Purse) -> Earned:
    return snapshot.earned.get(purse, Earned()) if snapshot else Earned()


def _returns(market: Market, symbol: str, days: tuple[date, ...]) -> tuple[Decimal, ...]:
    closes = market.closes(symbol)
    return tuple(over(closes[index], closes[max(index - 1, 0)], STEP) - ONE for index in map(market.index, days))


def _comparison(
    market: Market, symbol: str, result: Performance, days: tuple[date, ...], returns: tuple[Decimal, ...]
) -> Comparison:
    theirs = _returns(market, symbol, days)
    percent = points(chained(theirs))
    apart = tuple(mine - their for mine, their in zip(returns, theirs, strict=True))
    return Comparison(
        symbol=symbol,
        name=INSTRUMENTS[symbol].name,
        percent=percent,
        alpha=result.time_weighted - percent,
        tracking_error=over(deviation(apart) * HUNDRED, ONE, CENT),
    )
