"""Accounts, portfolios and coverage: who was there, and what was asked and answered."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs

from helpers.faulty.requests import Entry
from oracle.compare import Mart
from oracle.observed import OF_A_PORTFOLIO, Observed
from oracle.played import Night
from oracle.policies import in_force, validities

from sandbox.world.accounts import Account
from sandbox.world.exact import CENT, round_to

OF_AN_ACCOUNT = ("positions", "portfolios", *OF_A_PORTFOLIO, "investment_policy", "pnl")


def accounts(observed: Observed) -> Mart:
    rows: Mart = {}
    for day, roster in observed.rosters.items():
        for account in roster:
            before = rows.get((account.account_id,))
            rows[account.account_id,] = {
                "account_number_last4": account.account_number[-4:] if account.account_number else None,
                "status": _status(account, day),
                "account_type": account.account_type,
                # The oldest accounts' rows have no such member.
                "management_type": None if account.old_style else "advised" if account.advised else "self_directed",
                "currency": account.currency,
                "opened_on": account.opened,
                "closed_on": observed.closed_on(account) if account.is_closed(day) else None,
                "first_seen_on": before["first_seen_on"] if before else day,
                "last_seen_on": day,
            }
    return rows


def _status(account: Account, day: date) -> str:
    if account.is_closed(day):
        return "CLOSED"
    if account.account_number is None:
        return "PENDING_APPROVAL"
    return "SUSPENDED" if account.suspended else "ACTIVE"


def portfolios(observed: Observed) -> Mart:
    """Listed by its own list, or by the account's row of the roster, which two accounts in three have."""
    rows: Mart = {}
    for day, roster in observed.rosters.items():
        for account in roster:
            in_roster = account.number % 3 != 0 and not account.old_style
            if not (in_roster or observed.has(day, "portfolios", account)):
                continue
            for portfolio in account.portfolios:
                before = rows.get((portfolio.portfolio_id,))
                paused = "paused" if portfolio.currency == "NGN" else "active"
                rows[portfolio.portfolio_id,] = {
                    "account_id": account.account_id,
                    "name": portfolio.name,
                    "currency": portfolio.currency,
                    "status": "completed" if account.is_closed(day) else paused,
                    "first_seen_on": before["first_seen_on"] if before else day,
                    "last_seen_on": day,
                }
    return rows


def sync_coverage_daily(observed: Observed) -> Mart:
    rows: Mart = {}
    for night in observed.played.nights:
        sent: dict[str, list[Entry]] = defaultdict(list)
        for entry in night.requests:
            sent[_endpoint(night, entry)].append(entry)
        by_endpoint = defaultdict(list)
        for request in observed.requests[night.day]:
            by_endpoint[request.endpoint].append(request)
        for endpoint, requests in by_endpoint.items():
            outcomes = Counter(request.outcome for request in requests)
            rows[night.day, endpoint] = {
                "expected": len(requests),
                "ok": outcomes["ok"],
                "absent": outcomes["absent"],
                "disabled": 0,
                "failed": outcomes["failed"],
                "rejected": 0,
                "quarantined_rows": 0,
                "requests": len(sent[endpoint]),
                "retries": len(sent[endpoint]) - sum(request.finished for request in requests),
                "rate_limited": sum(entry.status == 429 for entry in sent[endpoint]),
                "started_at": night.day,
                "finished_at": night.day,
                "is_complete": not outcomes["failed"] and not outcomes["not_asked"],
            }
    return rows


def account_nights(observed: Observed) -> Mart:
    """Every night of an account up to its closing, and the night after one that did not have all of it."""
    rows: Mart = {}
    for night in observed.played.nights:
        asked: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for request in observed.requests[night.day]:
            if request.account and request.endpoint != "pnl_backfill":
                asked[request.account.account_id][request.endpoint].append(request.outcome)
        for account in observed.rosters[night.day]:
            closed_on, found = observed.closed_on(account), asked.get(account.account_id)
            if closed_on and night.day > closed_on and not found:
                continue
            outcomes = {endpoint: _worst(came) for endpoint, came in (found or {}).items()}
            policy = in_force(validities(observed, account), night.day)
            listing = observed.listings[account.account_id].get(night.day, ())
            called = next((listed.policy.version for listed in listing if listed.status == "active"), None)
            cash = observed.played.world.ledger.cash(account.account_id, night.day).get("USD", Decimal(0))
            rows[night.day, account.account_id] = {
                "is_listed": True,
                "status": _status(account, night.day),
                "currency": account.currency,
                "balance": round_to(cash, CENT),
                "opened_on": account.opened,
                **{f"{endpoint}_outcome": outcomes.get(endpoint) for endpoint in OF_AN_ACCOUNT},
                "is_complete": not {"failed", "not_asked"} & set(outcomes.values()),
                "ips_id": account.ips_id if policy else None,
                "policy_version": policy.version if policy else None,
                "called_ips_id": account.ips_id if called else None,
                "called_policy_version": called,
            }
    return rows


def _worst(outcomes: list[str]) -> str:
    return next(outcome for outcome in ("failed", "not_asked", "ok", "absent") if outcome in outcomes)


def _endpoint(night: Night, entry: Entry) -> str:
    """The sandbox serves two of the sync's questions at one path."""
    query = parse_qs(entry.query)
    if entry.endpoint == "pnl":
        return "pnl" if query["end_date"][0] == night.day.isoformat() else "pnl_backfill"
    if entry.endpoint == "investment_policy" and "version" in query:
        return "investment_policy_version"
    return entry.endpoint
