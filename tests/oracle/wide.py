"""The views for readers who do not join: the newest night of accounts and portfolios, and drift with all that belongs to it.

Put together from what the other files here have worked out, by the words of the columns' descriptions.
"""

from datetime import date
from typing import Any

from oracle import drift, episodes, pnl, policies, rosters
from oracle.compare import Mart, Row
from oracle.observed import Observed

NO_ROW: Row = {}
PNL = (
    "days_covered", "total_pnl", "net_pnl", "total_pnl_itd", "net_pnl_itd", "total_pnl_mtd", "total_pnl_qtd",
    "total_pnl_ytd", "drawdown_amount",
)  # fmt: skip
OUTCOMES = tuple(f"{name}_outcome" for name in ("positions", "portfolios", "rebalancing", "investment_policy", "pnl"))
EPISODE = ("started_on", "direction", "outcome", "peak_distance_percent", "is_left_censored")


def account_latest(observed: Observed) -> Mart:
    newest = observed.days[-1]
    nights, told = rosters.account_nights(observed), pnl.pnl_daily(observed)
    heads = drift.portfolio_drift_daily(observed)
    rows: Mart = {}
    for (account_id,), account in rosters.accounts(observed).items():
        night, figures = nights.get((newest, account_id), NO_ROW), told.get((newest, account_id), NO_ROW)
        own = [row for (day, _), row in heads.items() if day == newest and row["account_id"] == account_id]
        rows[account_id,] = {
            "as_of_date": newest,
            **{name: account[name] for name in ("status", "account_type", "management_type", "currency")},
            **{name: account[name] for name in ("opened_on", "closed_on", "last_seen_on")},
            "nights_since_seen": _nights_after(observed, account["last_seen_on"]),
            "is_listed": bool(night.get("is_listed")),
            "is_complete": bool(night.get("is_complete")),
            **{name: night.get(name) for name in (*OUTCOMES, "balance")},
            **_policy(observed, account_id, night),
            **{name: figures.get(name) for name in PNL},
            "portfolios_analysed": len(own),
            "max_abs_drift_percent": _largest(own, "max_abs_drift_percent"),
            "max_one_way_turnover_percent": _largest(own, "one_way_turnover_percent"),
            "classes_outside_band": _counted(own, "classes_outside_band"),
            **_open(observed, "account_id", account_id),
        }
    return rows


def portfolio_latest(observed: Observed) -> Mart:
    newest = observed.days[-1]
    nights, told = rosters.account_nights(observed), pnl.pnl_daily(observed)
    heads, accounts = drift.portfolio_drift_daily(observed), rosters.accounts(observed)
    rows: Mart = {}
    for (portfolio_id,), portfolio in rosters.portfolios(observed).items():
        account_id = portfolio["account_id"]
        night, head = nights.get((newest, account_id), NO_ROW), heads.get((newest, portfolio_id), NO_ROW)
        figures = told.get((newest, account_id), NO_ROW)
        rows[portfolio_id,] = {
            "as_of_date": newest,
            **{name: portfolio[name] for name in ("name", "status", "currency", "account_id", "last_seen_on")},
            "account_status": accounts[account_id,]["status"],
            "account_currency": accounts[account_id,]["currency"],
            "nights_since_seen": _nights_after(observed, portfolio["last_seen_on"]),
            "is_analysed": bool(head),
            "is_account_complete": bool(night.get("is_complete")),
            "rebalancing_outcome": night.get("rebalancing_outcome"),
            **_policy(observed, account_id, night),
            **{
                name: head.get(name)
                for name in (
                    "max_abs_drift_percent",
                    "one_way_turnover_percent",
                    "l2_drift_percent",
                    "turnover_into_bands_percent",
                    "classes_outside_band",
                    "off_policy_percent",
                    "needs_rebalancing",
                    "is_cached",
                    "last_rebalanced_at",
                )
            },
            **_open(observed, "portfolio_id", portfolio_id),
            **{f"account_{name}": figures.get(name) for name in PNL if name in _OF_ACCOUNT},
        }
    return rows


_OF_ACCOUNT = {"total_pnl", "net_pnl", "total_pnl_itd", "net_pnl_itd", "total_pnl_ytd"}


def drift_wide(observed: Observed) -> Mart:
    nights, portfolios = rosters.account_nights(observed), rosters.portfolios(observed)
    heads, versions = drift.portfolio_drift_daily(observed), policies.policy_versions(observed)
    found = episodes.drift_episodes(observed)
    rows: Mart = {}
    for (day, portfolio_id, asset_class), row in drift.allocation_drift_daily(observed).items():
        night, head = nights[day, row["account_id"]], heads[day, portfolio_id]
        policy = versions.get((row["account_id"], row["ips_id"], row["policy_version"]), NO_ROW)
        lies_in: dict[str, Row] = {"band": NO_ROW, "threshold": NO_ROW}
        for (portfolio, name, kind, started_on), episode in found.items():
            if (portfolio, name) == (portfolio_id, asset_class) and started_on <= day <= episode["last_breach_on"]:
                lies_in[kind] = {**episode, "started_on": started_on}
        wide: dict[str, Any] = {name: value for name, value in row.items() if name != "known_from"}
        rows[day, portfolio_id, asset_class] = {
            **wide,
            "account_status": night["status"],
            "account_currency": night["currency"],
            "is_account_complete": night["is_complete"],
            "portfolio_name": portfolios[portfolio_id,]["name"],
            "portfolio_status": portfolios[portfolio_id,]["status"],
            "portfolio_currency": head["currency"],
            "portfolio_max_abs_drift_percent": head["max_abs_drift_percent"],
            "portfolio_one_way_turnover_percent": head["one_way_turnover_percent"],
            "needs_rebalancing": head["needs_rebalancing"],
            "is_cached": head["is_cached"],
            **{f"policy_{name}": policy.get(name) for name in ("status", "effective_from", "effective_to")},
            "risk_tolerance": policy.get("risk_tolerance"),
            **{f"{kind}_episode_{name}": lies_in[kind].get(name) for kind in lies_in for name in EPISODE},
            "is_session": observed.is_session(day),
        }
    return rows


def _nights_after(observed: Observed, day: date) -> int:
    return sum(night > day for night in observed.days)


def _told(rows: list[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None]


def _largest(rows: list[Row], name: str) -> Any:
    """Unknown where that of one row is not known."""
    known = _told(rows, name)
    return max(known, default=None) if len(known) == len(rows) else None


def _counted(rows: list[Row], name: str) -> int | None:
    """What is known of all rows, or of some and more than none."""
    known = _told(rows, name)
    return sum(known) or (0 if rows and len(known) == len(rows) else None)


def _policy(observed: Observed, account_id: str, night: Row) -> Row:
    key = (account_id, night.get("ips_id"), night.get("policy_version"))
    policy = policies.policy_versions(observed).get(key, NO_ROW)
    return {
        "ips_id": night.get("ips_id"),
        "policy_version": night.get("policy_version"),
        "policy_effective_from": policy.get("effective_from"),
        "risk_tolerance": policy.get("risk_tolerance"),
        "threshold_percent": policy.get("threshold_percent"),
    }


def _open(observed: Observed, owner: str, owner_id: str) -> Row:
    standing = [
        key[2]
        for key, row in episodes.drift_episodes(observed).items()
        if row["outcome"] == "open" and owner_id == (key[0] if owner == "portfolio_id" else row["account_id"])
    ]
    return {f"open_{kind}_breaches": standing.count(kind) for kind in ("band", "threshold")}
