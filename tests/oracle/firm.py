"""Accounts kept to their policies over months, and the firm night by night: sums over the marts of single accounts."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from oracle.compare import WIDE, Mart, Row
from oracle.compliance import compliance_daily
from oracle.drift import analyses
from oracle.episodes import drift_episodes
from oracle.observed import Observed
from oracle.pnl import pnl_daily
from oracle.policies import in_force, validities
from oracle.rosters import account_nights

from sandbox.world.accounts import Account
from sandbox.world.exact import CENT, round_to

LONG_TERM = {"10": 0, "12": 0, "22": 15, "24": 15, "32": 15, "35": 15, "37": 20}
Verdicts = dict[tuple[date, str], dict[str, str | None]]


def verdicts(observed: Observed) -> Verdicts:
    """What all rules of a night say of an account: None without a policy."""
    said: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for (day, account_id, *_), row in compliance_daily(observed).items():
        said[day, account_id].append(row)
    return {
        key: {
            suffix: _together([row[f"verdict{suffix}"] for row in rows]) if rows[0][f"policy_version{suffix}"] else None
            for suffix in ("", "_then")
        }
        for key, rows in said.items()
    }


def _together(said: list[str]) -> str:
    return next((verdict for verdict in ("outside", "inside") if verdict in said), "unknown")


def _periods(observed: Observed, *, of_firm: bool) -> Mart:
    nights: dict[tuple[str, str, date], list[str | None]] = defaultdict(list)
    bounds: dict[tuple[str, str, date], tuple[date, date]] = {}
    told = verdicts(observed)
    scoped = {key: "" if of_firm else key[1] for key in told}
    for (day, account_id), said in told.items():
        scope = scoped[day, account_id]
        held = [key[0] for key in told if scoped[key] == scope]
        next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        for kind, first, last in (
            ("month", day.replace(day=1), next_month - timedelta(days=1)),
            ("history", min(held), max(held)),
        ):
            nights[scope, kind, first].append(said[""])
            bounds[scope, kind, first] = first, last
    rows: Mart = {}
    found = drift_episodes(observed)
    for key, said_of in nights.items():
        (first, last), counts = bounds[key], {name: said_of.count(name) for name in ("inside", "outside", "unknown", None)}
        judged = counts["inside"] + counts["outside"]
        rows[key[1:] if of_firm else key] = {
            "period_end": last,
            "nights": len(said_of),
            "nights_judged": judged,
            "nights_inside": counts["inside"],
            "nights_outside": counts["outside"],
            "nights_unknown": counts["unknown"],
            "nights_without_policy": counts[None],
            "adherence_percent": _ratio(counts["inside"] * 100, judged) if judged else None,
            **_breaches(observed, found, key[0], first, last),
        }
    return rows


def compliance_periods(observed: Observed) -> Mart:
    return _periods(observed, of_firm=False)


def compliance_firm_periods(observed: Observed) -> Mart:
    return _periods(observed, of_firm=True)


def _ratio(left: int, right: int) -> Decimal:
    return WIDE.divide(Decimal(left), Decimal(right)).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _breaches(observed: Observed, found: Mart, account_id: str, first: date, last: date) -> Row:
    opened = closed = lost = still_open = 0
    took: list[int] = []
    for (*_, started), episode in found.items():
        gone = episode["ended_on"] or (episode["last_breach_on"] if episode["outcome"] == "lost" else None)
        if account_id not in ("", episode["account_id"]) or started > last or (gone and gone < first):
            continue
        opened += started >= first
        if gone is None or gone > last:
            still_open += 1
        elif episode["outcome"] == "lost":
            lost += 1
        else:
            closed += 1
            if not episode["is_left_censored"]:
                steps = (started + timedelta(days=step) for step in range(1, (gone - started).days + 1))
                took.append(sum(observed.is_session(day) for day in steps))
    return {
        "breaches_opened": opened,
        "breaches_closed": closed,
        "breaches_lost": lost,
        "breaches_open": still_open,
        "breaches_timed": len(took),
        "breaches_censored": closed + lost + still_open - len(took),
        "median_sessions_to_remedy": median(map(Decimal, took)) if took else None,
        "longest_sessions_to_remedy": max(took, default=None),
    }


def firm_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    by_id = {account.account_id: account for account in observed.accounts}
    nights, told = account_nights(observed), verdicts(observed)

    def row(day: date, currency: str) -> Row:
        counted = ("inside", "outside", "unknown")
        counts = [f"accounts_{name}{suffix}" for name in ("with_policy", *counted) for suffix in ("", "_then")]
        counts += ["accounts", "accounts_listed", "accounts_complete", "portfolios", "portfolios_with_value"]
        counts += ["accounts_with_net_pnl", "accounts_with_total_pnl_itd"]
        counts += [f"episodes_{name}" for name in ("opened", "left_censored", "closed", "open")]
        sums: Row = dict.fromkeys(("total_value", "net_pnl", "total_pnl_itd"))
        return rows.setdefault((day, currency), {**sums, **dict.fromkeys(counts, 0)})

    def add(found: Row, name: str, count: str, amount: Decimal | None) -> None:
        if amount is not None:
            found[name], found[count] = (found[name] or Decimal(0)) + amount, found[count] + 1

    for (day, account_id), night in nights.items():
        found = row(day, by_id[account_id].currency)
        found["accounts"] += 1
        found["accounts_listed"] += night["is_listed"]
        found["accounts_complete"] += night["is_complete"]
        for suffix, verdict in told[day, account_id].items():
            found[f"accounts_with_policy{suffix}"] += verdict is not None
            if verdict:
                found[f"accounts_{verdict}{suffix}"] += 1
    for day, requests in observed.requests.items():
        for request in requests:
            if request.endpoint == "holdings" and request.account:
                holdings = observed.played.world.ledger.holdings(request.what, day)
                is_told = request.outcome == "ok"
                found = row(day, _currency_told(observed, day, request.account, request.what, holdings.currency))
                found["portfolios"] += 1
                add(found, "total_value", "portfolios_with_value", holdings.total_value if is_told else None)
    for (day, account_id), pnl in pnl_daily(observed).items():
        found = row(day, pnl["currency"])
        add(found, "net_pnl", "accounts_with_net_pnl", pnl["net_pnl"])
        add(found, "total_pnl_itd", "accounts_with_total_pnl_itd", pnl["total_pnl_itd"])
        assert account_id in by_id
    for (*_, started), episode in drift_episodes(observed).items():
        currency, ended = by_id[episode["account_id"]].currency, episode["ended_on"]
        row(started, currency)["episodes_opened"] += 1
        row(started, currency)["episodes_left_censored"] += episode["is_left_censored"]
        if ended:
            row(ended, currency)["episodes_closed"] += 1
        for day, in_currency in list(rows):
            until = episode["last_breach_on"] if episode["outcome"] == "lost" else date.max
            if in_currency == currency and started <= day <= until and not (ended and ended <= day):
                rows[day, currency]["episodes_open"] += 1
    return rows


def _currency_told(observed: Observed, day: date, account: Account, portfolio_id: str, currency: str) -> str:
    """The portfolio's own where holdings or a summary came, else the account's."""
    came = {
        request.endpoint
        for request in observed.requests[day]
        if request.account == account and request.what == portfolio_id and request.outcome == "ok"
    }
    return currency if came & {"holdings", "summary"} else account.currency


def tax_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    before: dict[str, Decimal] = {}
    for night in analyses(observed):
        account, said = night.account, night.analysis
        policy = in_force(validities(observed, account), night.day)
        bracket = policy.extras.tax_bracket if policy else None
        rate = LONG_TERM.get(bracket or "")
        is_advantaged = account.number % 5 == 2
        short, long = (round_to(gain, CENT) for gain in (said.short_term_gains, said.long_term_gains))
        losses = round_to(said.harvestable_losses, CENT)
        taxed: list[Decimal] | None = None
        if bracket and rate is not None and not is_advantaged:
            points = Decimal(bracket)
            taxed = [max(short, Decimal(0)) * points / 100, max(long, Decimal(0)) * rate / 100]
            taxed.append(max(short, Decimal(0)) * (points - rate) / 100)
        rows[night.day, said.portfolio_id] = {
            "account_id": account.account_id,
            "currency": said.currency,
            "harvestable_losses": losses,
            "change_of_harvestable_losses": losses - before[said.portfolio_id] if said.portfolio_id in before else None,
            "tax_loss_harvesting_available": said.harvestable_losses > 0,
            "estimated_short_term_gains": short,
            "estimated_long_term_gains": long,
            "policy_version": policy.version if policy else None,
            "tax_bracket_percent": Decimal(bracket) if bracket else None,
            "long_term_rate_percent": Decimal(rate) if rate is not None else None,
            "short_term_tax": taxed[0] if taxed else None,
            "long_term_tax": taxed[1] if taxed else None,
            "tax_cost": taxed[0] + taxed[1] if taxed else None,
            "saved_by_waiting": taxed[2] if taxed else None,
            "unknown_reason": "tax_advantaged"
            if is_advantaged
            else None
            if taxed
            else "no_bracket"
            if policy
            else "no_policy",
        }
        before[said.portfolio_id] = losses
    return rows
