"""P&L: days as differences of inception-to-date figures of consecutive observed end dates, and what is built on them.

Observed is an end date that any sync has asked a report for, that night or later; the newest answer counts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from oracle.compare import Mart
from oracle.observed import Observed

from sandbox.world.accounts import Account
from sandbox.world.facts import Pnl, SymbolPnl

Figures = dict[str, Decimal]
PERIODS = ("week", "month", "quarter", "year")
PERIOD_MEASURES = ("total_pnl", "realized_pnl", "unrealized_pnl", "dividend_income", "interest_income", "fees_paid")


def figures(report: Pnl) -> Figures:
    return {
        "total_pnl": report.realized + report.unrealized,
        "realized_pnl": report.realized,
        "unrealized_pnl": report.unrealized,
        "dividend_income": report.dividends,
        "interest_income": report.interest,
        "fees_paid": report.fees,
        "short_term_gains": report.short_gains,
        "short_term_losses": report.short_losses,
        "long_term_gains": report.long_gains,
        "long_term_losses": report.long_losses,
    }


def parts(report: Pnl) -> Figures:
    """Every figure of a report that a restatement can change, by the name the mart gives it."""
    net = report.short_gains + report.short_losses + report.long_gains + report.long_losses
    found = {**figures(report), "net_realized": net}
    for row in report.by_position:
        for name, value in _of_symbol(row).items():
            found[f"by_position.{row.symbol}.{name}"] = value
    for part in report.by_asset_class:
        found[f"by_asset_class.{part.asset_class}.pnl"] = part.pnl
    return found


def _of_symbol(row: SymbolPnl) -> Figures:
    return {
        "realized_pnl": row.realized,
        "unrealized_pnl": row.unrealized,
        "dividend_income": row.dividends,
    }


@dataclass(frozen=True)
class Step:
    """One observed end date of an account, with what came before it."""

    day: date
    report: Pnl
    before: Pnl | None
    days_covered: int | None  # None: the first observed one, of an account that opened earlier
    is_restated: bool

    def change(self, now: Decimal, before: Decimal) -> Decimal | None:
        return None if self.days_covered is None else now - before


def steps(observed: Observed, account: Account) -> list[Step]:
    reports = observed.reports.get(account.account_id, {})
    found: list[Step] = []
    for day in sorted(reports):
        answers = [report.pnl for report in reports[day]]
        current = answers[-1]
        previous = found[-1] if found else None
        covered = (day - previous.day).days if previous else 1 if account.opened == day else None
        restated = any(parts(answer) != parts(current) for answer in answers)
        found.append(Step(day, current, previous.report if previous else None, covered, restated))
    return found


def period_of(kind: str, day: date) -> tuple[date, date]:
    """First and last calendar day of the period that holds `day`; weeks begin on Monday."""
    if kind == "week":
        start = day - timedelta(days=day.weekday())
        return start, start + timedelta(days=6)
    months = {"month": 1, "quarter": 3, "year": 12}[kind]
    start = date(day.year, (day.month - 1) // months * months + 1, 1)
    turn = start.month + months
    return start, date(start.year + (turn > 12), (turn - 1) % 12 + 1, 1) - timedelta(days=1)


def within(taken: list[Step], account: Account, start: date, measure: str, now: Figures) -> Decimal | None:
    """A figure since the start of a period: less the last observed one before it; whole for an account opened within it."""
    earlier = [step for step in taken if step.day < start]
    if earlier:
        return now[measure] - figures(earlier[-1].report)[measure]
    return now[measure] if account.opened >= start else None


def pnl_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for account in observed.accounts:
        taken, high = steps(observed, account), None
        for step in taken:
            now = figures(step.report)
            before = figures(step.before) if step.before else dict.fromkeys(now, Decimal(0))
            high = now["total_pnl"] if high is None else max(high, now["total_pnl"])
            rows[step.day, account.account_id] = {
                "currency": account.currency,
                "days_covered": step.days_covered,
                **{name: step.change(now[name], before[name]) for name in now},
                **{f"{name}_itd": value for name, value in now.items()},
                **{
                    f"total_pnl_{kind[0]}td": within(taken, account, period_of(kind, step.day)[0], "total_pnl", now)
                    for kind in PERIODS[1:]
                },
                "drawdown_amount": now["total_pnl"] - high,
                "is_restated": step.is_restated,
            }
    return rows


def pnl_by_position_daily(observed: Observed) -> Mart:
    return _parts_daily(observed, lambda report: {row.symbol: _of_symbol(row) for row in report.by_position})


def pnl_by_asset_class_daily(observed: Observed) -> Mart:
    rows = _parts_daily(observed, lambda report: {row.asset_class: {"pnl": row.pnl} for row in report.by_asset_class})
    for account in observed.accounts:
        percent: Figures = {}
        for step in steps(observed, account):
            percent |= {row.asset_class: row.pnl_percent for row in step.report.by_asset_class}
            for name, value in percent.items():
                rows[step.day, account.account_id, name]["pnl_percent_itd"] = value
    return rows


def _parts_daily(observed: Observed, read: Callable[[Pnl], dict[str, Figures]]) -> Mart:
    """From the first report of a part on; what is not reported any more keeps its last figures."""
    rows: Mart = {}
    for account in observed.accounts:
        known: dict[str, Figures] = {}
        for step in steps(observed, account):
            before, known = known, {**known, **read(step.report)}
            for name, now in known.items():
                old = before.get(name, dict.fromkeys(now, Decimal(0)))
                rows[step.day, account.account_id, name] = {
                    "days_covered": step.days_covered,
                    **{measure: step.change(now[measure], old[measure]) for measure in now},
                    **{f"{measure}_itd": value for measure, value in now.items()},
                }
    return rows


def pnl_periods(observed: Observed) -> Mart:
    rows: Mart = {}
    for account in observed.accounts:
        taken = steps(observed, account)
        for kind in PERIODS:
            for start, end in sorted({period_of(kind, step.day) for step in taken}):
                inside = [step for step in taken if start <= step.day <= end]
                before = [step.day for step in taken if step.day < start]
                now = figures(inside[-1].report)
                begins = before[-1] >= _last_weekday(start - timedelta(days=1)) if before else account.opened >= start
                rows[account.account_id, kind, start] = {
                    "period_end": end,
                    **{name: within(taken, account, start, name, now) for name in PERIOD_MEASURES},
                    "days_observed": len(inside),
                    "is_complete": begins and inside[-1].day >= _last_weekday(end),
                }
    return rows


def _last_weekday(day: date) -> date:
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day


def restatements(observed: Observed) -> Mart:
    rows: Mart = {}
    for account_id, end_date, asked_on, old, new in _replaced(observed):
        for measure in old.keys() | new.keys():
            if old.get(measure) != new.get(measure):
                rows[account_id, end_date, measure, asked_on] = {
                    "previous_value": old.get(measure),
                    "new_value": new.get(measure),
                }
    return rows


def _replaced(observed: Observed) -> Iterator[tuple[str, date, date, Figures, Figures]]:
    for account_id, reports in observed.reports.items():
        for end_date, answers in reports.items():
            for older, newer in pairwise(answers):
                yield account_id, end_date, newer.asked_on, parts(older.pnl), parts(newer.pnl)
