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
    asked_on: date  # the night of the answer that counts
    restated_on: date | None  # the last night on which the answer was another one than before
    vintage_on: date | None  # likewise of the account's own figures, or on which they were first asked late
    moved: Figures  # since the first answer
    earlier: "Step | None"

    @property
    def is_mixed_vintage(self) -> bool:
        """One of the two reports read otherwise, or was first asked late, after the other was last asked."""
        if self.earlier is None:
            return False
        pairs = ((self.vintage_on, self.earlier.asked_on), (self.earlier.vintage_on, self.asked_on))
        return any(vintage is not None and vintage > asked for vintage, asked in pairs)

    @property
    def is_day_restated(self) -> bool:
        return self.earlier is not None and self.moved != self.earlier.moved

    def change(self, now: Decimal, before: Decimal) -> Decimal | None:
        return None if self.days_covered is None else now - before


def steps(observed: Observed, account: Account) -> list[Step]:
    reports = observed.reports.get(account.account_id, {})
    found: list[Step] = []
    for day in sorted(reports):
        answers = [report.pnl for report in reports[day]]
        current, asked = answers[-1], [report.asked_on for report in reports[day]]
        previous = found[-1] if found else None
        covered = (day - previous.day).days if previous else 1 if account.opened == day else None
        changes = [
            on for on, older, newer in zip(asked[1:], answers, answers[1:], strict=False) if parts(older) != parts(newer)
        ]
        first, last = figures(answers[0]), figures(current)
        moved = {name: last[name] - first[name] for name in last}
        before = previous.report if previous else None
        restated_on, vintage_on = changes[-1] if changes else None, observed.vintage_on(day, reports[day])
        found.append(Step(day, current, before, covered, asked[-1], restated_on, vintage_on, moved, previous))
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


def since(taken: list[Step], account: Account, start: date) -> date | None:
    earlier = [step.day for step in taken if step.day < start]
    return earlier[-1] if earlier else account.opened - timedelta(days=1) if account.opened >= start else None


def net(now: Figures) -> Decimal:
    return now["total_pnl"] + now["dividend_income"] + now["interest_income"] - now["fees_paid"]


def pnl_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for account in observed.accounts:
        taken, high = steps(observed, account), Decimal(0)
        for step in taken:
            now = figures(step.report)
            before = figures(step.before) if step.before else dict.fromkeys(now, Decimal(0))
            high = max(high, now["total_pnl"])
            rows[step.day, account.account_id] = {
                "currency": account.currency,
                "days_covered": step.days_covered,
                **{name: step.change(now[name], before[name]) for name in now},
                "net_pnl": step.change(net(now), net(before)),
                **{f"{name}_itd": value for name, value in now.items()},
                "net_pnl_itd": net(now),
                **{f"{kind[0]}td_since": since(taken, account, period_of(kind, step.day)[0]) for kind in PERIODS[1:]},
                **{
                    f"total_pnl_{kind[0]}td": within(taken, account, period_of(kind, step.day)[0], "total_pnl", now)
                    for kind in PERIODS[1:]
                },
                "drawdown_amount": now["total_pnl"] - high,
                "is_mixed_vintage": step.is_mixed_vintage,
                "is_day_restated": step.is_day_restated,
                "is_itd_restated": step.restated_on is not None,
            }
    return rows


def pnl_by_position_daily(observed: Observed) -> Mart:
    whole = {name: name for name in ("realized_pnl", "unrealized_pnl", "dividend_income")}
    return _parts_daily(observed, lambda report: {row.symbol: _of_symbol(row) for row in report.by_position}, whole)


def pnl_by_asset_class_daily(observed: Observed) -> Mart:
    rows = _parts_daily(
        observed, lambda report: {row.asset_class: {"pnl": row.pnl} for row in report.by_asset_class}, {"pnl": "total_pnl"}
    )
    for row in rows.values():
        row["pnl_percent_itd"] = None
    for account in observed.accounts:
        for step in steps(observed, account):
            for part in step.report.by_asset_class:
                rows[step.day, account.account_id, part.asset_class]["pnl_percent_itd"] = part.pnl_percent
    return rows


LAPSES = ("unrealized_pnl", "pnl")  # of what a report does not name
ROUNDING = Decimal("0.05")  # by which parts may fail to come to the whole
ALL_ITEMS = "(unattributed)"


def _parts_daily(observed: Observed, read: Callable[[Pnl], dict[str, Figures]], whole: dict[str, str]) -> Mart:
    """From the first report of a part on, and what the account has beyond its parts.

    What a report does not name has no figure that lapses, and keeps the others. A part that appears has a day, if none
    vanished that night and none was missing the night before: then the parts came to the account's own figures, of this
    measure and of the one that lapses. Else it may be the same by another name, or have a history of its own; as it may
    where a part that had gone before keeps some of the measure, which it then tells.
    """
    rows: Mart = {}
    for account in observed.accounts:
        known: dict[str, dict[str, Decimal | None]] = {}
        named: set[str] = set()
        for step in steps(observed, account):
            reported, before, last = read(step.report), known, named
            lapsed = {
                name: {measure: None if measure in LAPSES else value for measure, value in old.items()}
                for name, old in before.items()
                if name not in reported
            }
            known, named = {**lapsed, **reported}, set(reported)
            vanished = bool(last - named)
            now_whole = figures(step.report)
            before_whole = figures(step.before) if step.before else dict.fromkeys(now_whole, Decimal(0))
            left = {m: step.change(now_whole[w], before_whole[w]) for m, w in whole.items()}
            left_itd = {m: now_whole[w] for m, w in whole.items()}
            shared = {"currency": account.currency, "days_covered": step.days_covered}
            missing = {m: before_whole[w] - sum(old[m] or Decimal(0) for old in before.values()) for m, w in whole.items()}
            is_whole = {m: step.before is None or abs(gap) <= ROUNDING for m, gap in missing.items()}
            kept = {m: any(old[m] for name, old in before.items() if name not in last) for m in whole}
            is_clear = not vanished and all(is_whole[m] for m in whole if m in LAPSES)
            for name, now in known.items():
                is_new = name not in before
                old = before.get(name, dict.fromkeys(now, Decimal(0)))
                day: dict[str, Decimal | None] = {}
                for measure, value in now.items():
                    was = old[measure]
                    is_own = is_clear and is_whole[measure] and (value == 0 or not kept[measure])
                    is_told = value is not None and was is not None and (not is_new or is_own)
                    day[measure] = step.change(value, was) if is_told and value is not None and was is not None else None
                    if left[measure] is not None:
                        left[measure] -= day[measure] or Decimal(0)
                    left_itd[measure] -= value or Decimal(0)
                rows[step.day, account.account_id, name] = {
                    **shared,
                    "is_reported": name in reported,
                    **day,
                    **{f"{measure}_itd": value for measure, value in now.items()},
                }
            rows[step.day, account.account_id, ALL_ITEMS] = {
                **shared,
                "is_reported": False,
                **left,
                **{f"{measure}_itd": value for measure, value in left_itd.items()},
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
                begins = (
                    before[-1] >= observed.last_session(start - timedelta(days=1)) if before else account.opened >= start
                )
                last_day = min(end, observed.closed_on(account) or end)
                rows[account.account_id, kind, start] = {
                    "period_end": end,
                    "currency": account.currency,
                    **{name: within(taken, account, start, name, now) for name in PERIOD_MEASURES},
                    "days_observed": len(inside),
                    "is_complete": begins and inside[-1].day >= observed.last_session(last_day),
                }
    return rows


def restatements(observed: Observed) -> Mart:
    rows: Mart = {}
    currencies = {account.account_id: account.currency for account in observed.accounts}
    for account_id, end_date, asked_on, old, new in _replaced(observed):
        for measure in old.keys() | new.keys():
            if old.get(measure) != new.get(measure):
                rows[account_id, end_date, measure, asked_on] = {
                    "currency": currencies[account_id],
                    "previous_value": old.get(measure),
                    "new_value": new.get(measure),
                }
    return rows


def _replaced(observed: Observed) -> Iterator[tuple[str, date, date, Figures, Figures]]:
    for account_id, reports in observed.reports.items():
        for end_date, answers in reports.items():
            for older, newer in pairwise(answers):
                yield account_id, end_date, newer.asked_on, parts(older.pnl), parts(newer.pnl)
