"""Why drift moved, by the definition: shares of what was held before at the prices of then and of now, and of what is held.

Worked out with fractions, from the holdings of the ledger; the mart rounds each share to six decimals.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from oracle.compare import WIDE, Mart, Row
from oracle.drift import TOLERANCE, PortfolioNight, analyses
from oracle.episodes import drift_episodes
from oracle.holdings import held
from oracle.observed import Observed

from sandbox.world.facts_portfolios import Holdings

CAUSES = ("change", "market", "trades", "flows", "policy", "remainder")
STEP = Decimal("0.000001")
Drifts = dict[str, tuple[Decimal, Decimal | None]]  # class -> actual, target


def drift_causes_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    before: dict[str, PortfolioNight] = {}
    answers = held(observed)
    for night in analyses(observed):
        portfolio_id = night.analysis.portfolio_id
        earlier = before.get(portfolio_id)
        now, then = _drifts(night), _drifts(earlier) if earlier else {}
        new = answers.get((night.day, portfolio_id))
        old = answers.get((earlier.day, portfolio_id)) if earlier else None
        reason = None if new and old else "no_holdings" if earlier else "first_night"
        if new and old and not (new.positions_value > 0 and old.positions_value > 0):
            reason = "no_value"
        moves = _moves(old, new) if new and old and not reason else {}
        for name in {*now, *then}:
            rows[night.day, portfolio_id, name] = {
                "account_id": night.account.account_id,
                "previous_on": earlier.day if earlier else None,
                **_told(_of(now, name, True), _of(then, name, bool(earlier)), moves.get(name), reason),
            }
        before[portfolio_id] = night
    return rows


def _drifts(night: PortfolioNight) -> Drifts:
    """A class that only the policy names is at zero, like any other that an analysis of the whole leaves out."""
    return {item.asset_class: (item.actual, item.reported.target if item.reported else Decimal(0)) for item in night.classes}


def _of(drifts: Drifts, name: str, is_there: bool) -> tuple[Decimal | None, Decimal | None]:
    """What an analysis says of a class; of one that it does not name, if it adds up to the whole, that there is none."""
    if name in drifts:
        return drifts[name]
    is_whole = abs(sum((actual for actual, _ in drifts.values()), Decimal(0)) - 100) <= TOLERANCE
    return (Decimal(0), Decimal(0)) if is_there and drifts and is_whole else (None, None)


def _told(
    now: tuple[Decimal | None, Decimal | None],
    then: tuple[Decimal | None, Decimal | None],
    moves: tuple[Decimal, Decimal, Decimal] | None,
    reason: str | None,
) -> Row:
    drift, previous = _less(*now), _less(*then)
    change, policy = _less(drift, previous), _less(then[1], now[1])
    market, trades, flows = moves or ((Decimal(0),) * 3 if reason is None else (None,) * 3)
    explained = sum((cause or Decimal(0) for cause in (market, trades, flows)), Decimal(0))
    rest = _less(change, policy)
    return {
        "previous_drift_percent": previous,
        "drift_percent": drift,
        "change_points": change,
        "market_points": market,
        "trades_points": trades,
        "flows_points": flows,
        "policy_points": policy,
        "remainder_points": None if rest is None else rest - explained,
        "unknown_reason": reason or ("not_told" if change is None else None),
    }


def _less(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    return None if a is None or b is None else a - b


def _moves(old: Holdings, new: Holdings) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Market, trades and flows by class, in points."""
    was, now = ({row.position.symbol: row.position for row in answer.rows} for answer in (old, new))
    first, middle, last = (defaultdict(Fraction) for _ in range(3))
    for symbol in {*was, *now}:
        name = (now.get(symbol) or was[symbol]).asset_class
        if symbol in was:
            first[name] += Fraction(was[symbol].value)
            price = (now.get(symbol) or was[symbol]).price  # one that is sold out keeps the price it last had
            middle[name] += Fraction(was[symbol].quantity) * Fraction(price)
        if symbol in now:
            last[name] += Fraction(now[symbol].value)
    names = {*first, *middle, *last}
    change = {name: last[name] - middle[name] for name in names}
    net = sum(change.values())
    side = {name: value for name, value in change.items() if value * net > 0}  # those that went the way of the whole
    from_outside = {name: net * value / sum(side.values()) for name, value in side.items()}
    traded = {name: middle[name] + change[name] - from_outside.get(name, 0) for name in names}
    shares = [_shares(first, first), _shares(middle, middle), _shares(traded, middle), _shares(last, last)]
    return {name: tuple(b[name] - a[name] for a, b in pairwise(shares)) for name in names}  # type: ignore[misc]


def _shares(values: dict[str, Fraction], of: dict[str, Fraction]) -> dict[str, Decimal]:
    whole, found = sum(of.values()), defaultdict(Decimal)
    for name, value in values.items():
        share = 100 * value / whole
        found[name] = WIDE.divide(Decimal(share.numerator), Decimal(share.denominator)).quantize(STEP)
    return found


def drift_episode_causes(observed: Observed) -> Mart:
    causes = drift_causes_daily(observed)
    by_class: dict[tuple[str, str], dict[date, Row]] = defaultdict(dict)
    for (day, portfolio_id, name), row in causes.items():
        by_class[portfolio_id, name][day] = row
    rows: Mart = {}
    for key, episode in drift_episodes(observed).items():
        portfolio_id, name, _, started_on = key
        series = {d: r for d, r in by_class[portfolio_id, name].items() if started_on <= d <= episode["peak_on"]}
        is_told = all(row["change_points"] is not None for row in series.values())
        sums = {
            cause: sum((row[f"{cause}_points"] or Decimal(0) for row in series.values()), Decimal(0)) if is_told else None
            for cause in CAUSES
        }
        rows[key] = {
            "account_id": episode["account_id"],
            "direction": episode["direction"],
            "eve_on": series[started_on]["previous_on"],
            "peak_on": episode["peak_on"],
            "eve_drift_percent": series[started_on]["previous_drift_percent"],
            "peak_drift_percent": series[episode["peak_on"]]["drift_percent"],
            **{f"{cause}_points": value for cause, value in sums.items()},
            **{
                f"{cause}_percent_of_change": WIDE.divide(value * 100, sums["change"]) if sums["change"] else None
                for cause, value in sums.items()
                if cause != "change" and (value is not None or not is_told)
            },
            "nights": len(series),
            "nights_explained": sum(row["unknown_reason"] is None for row in series.values()),
        }
    return rows
