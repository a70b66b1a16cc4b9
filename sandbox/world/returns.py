"""Figures of a series of daily returns: chained, annualized, and how rough it was. Decimals only; no portfolios here.

A daily return is a ratio of values, rounded once to twelve decimals; sums and products of those are exact enough to be
rounded to the two decimals that are shown.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sandbox.world.exact import CENT, HUNDRED, WIDE, ZERO, over, round_to
from sandbox.world.facts_portfolios import Risk

ONE = Decimal(1)
STEP = Decimal("1e-12")
_TRADING_DAYS = Decimal(252)
_YEAR_DAYS = 365


def chained(returns: Sequence[Decimal]) -> Decimal:
    """The growth of one unit over all of the days."""
    growth = ONE
    for each in returns:
        growth = WIDE.multiply(growth, ONE + each)
    return growth


def points(growth: Decimal) -> Decimal:
    return round_to((growth - ONE) * HUNDRED, CENT)


def annualized(growth: Decimal, days: int) -> Decimal:
    """In points a year; of a window shorter than that, what it made is not blown up."""
    if days <= _YEAR_DAYS or growth <= 0:
        return points(growth)
    return points(WIDE.power(growth, WIDE.divide(Decimal(_YEAR_DAYS), Decimal(days))))


def deviation(returns: Sequence[Decimal]) -> Decimal:
    """The standard deviation of a day, brought to a year: a ratio."""
    if len(returns) < 2:
        return ZERO
    return WIDE.sqrt(_covariance(returns, returns) * _TRADING_DAYS)


def risk_of(days: Sequence[date], returns: Sequence[Decimal], market: Sequence[Decimal]) -> Risk:
    rough, year = deviation(returns), _mean(returns) * _TRADING_DAYS
    level = peak = ONE
    worst, worst_on = ZERO, None
    for day, each in zip(days, returns, strict=True):
        level = WIDE.multiply(level, ONE + each)
        peak = max(peak, level)
        fall = WIDE.divide(level, peak) - ONE
        if fall < worst:
            worst, worst_on = fall, day
    shared, alone = _covariance(returns, market), _covariance(market, market)
    return Risk(
        volatility=round_to(rough * HUNDRED, CENT),
        sharpe=over(year, rough, CENT),
        max_drawdown=round_to(worst * HUNDRED, CENT),
        max_drawdown_on=worst_on,
        beta=over(shared, alone, CENT),
    )


def _mean(returns: Sequence[Decimal]) -> Decimal:
    return WIDE.divide(sum(returns, ZERO), Decimal(len(returns))) if returns else ZERO


def _covariance(left: Sequence[Decimal], right: Sequence[Decimal]) -> Decimal:
    if len(left) < 2:
        return ZERO
    one, other = round_to(_mean(left), STEP), round_to(_mean(right), STEP)
    products = sum(((a - one) * (b - other) for a, b in zip(left, right, strict=True)), ZERO)
    return WIDE.divide(products, Decimal(len(left) - 1))
