"""What is said of symbols, and the names of asset classes, by every source that names any."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from oracle.compare import Mart
from oracle.drift import analyses
from oracle.observed import Observed
from oracle.positions import held

from sandbox.world.instruments import INSTRUMENTS

SOURCES = ("policies", "analyses", "trades", "pnl", "positions", "rosters")
USUAL = {
    "equities": "equities", "stocks": "equities", "us_equity": "equities", "fixed_income": "fixed_income",
    "bonds": "fixed_income", "treasury": "treasury", "alternatives": "alternatives", "crypto": "crypto", "etf": "funds",
}  # fmt: skip


def instruments(observed: Observed) -> Mart:
    """The sandbox says the same of a symbol on every night; its account surface names neither class nor country."""
    nights: dict[str, list[date]] = defaultdict(list)
    for day, _, positions in held(observed):
        for position in positions:
            nights[position.symbol].append(day)
    return {
        (symbol, min(days)): {
            "valid_to": None,
            "instrument_class": None,
            "currency": INSTRUMENTS[symbol].currency,
            "country": None,
            "is_ambiguous": False,
            "first_seen_on": min(days),
            "last_seen_on": max(days),
        }
        for symbol, days in nights.items()
    }


def asset_classes(observed: Observed) -> Mart:
    said: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for day, source, name in _named(observed):
        said[name].append((day, source))
    return {
        (name,): {
            "asset_class_group": USUAL.get(name, name),
            "is_known_alias": name in USUAL,
            **{f"is_in_{source}": any(by == source for _, by in sayings) for source in SOURCES},
            "first_seen_on": min(sayings)[0],
            "last_seen_on": max(sayings)[0],
        }
        for name, sayings in said.items()
    }


def _named(observed: Observed) -> Iterator[tuple[date, str, str]]:
    for day, roster in observed.rosters.items():
        for account in roster:
            enabled = ("us_equity", "crypto") if account.role == "crypto" else ("us_equity", "bonds", "etf")
            yield from ((day, "rosters", name) for name in enabled)
        for request in observed.requests[day]:
            if request.account and request.outcome == "ok" and request.endpoint.startswith("investment_policy"):
                for listed in observed.listings[request.account.account_id][day]:
                    is_current = request.endpoint == "investment_policy" and listed.status == "active"
                    if is_current or request.what == str(listed.policy.version):
                        yield from ((day, "policies", target.asset_class) for target in listed.policy.targets)
    for night in analyses(observed):
        yield from ((night.day, "analyses", item.asset_class) for item in night.analysis.classes)
        yield from ((night.day, "trades", trade.asset_class) for trade in night.analysis.trades)
    for reports in observed.reports.values():
        for answers in reports.values():
            for report in answers:
                yield from ((report.asked_on, "pnl", item.asset_class) for item in report.pnl.by_asset_class)
