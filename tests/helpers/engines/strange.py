"""Rows that engines are apt to read, order, round or overflow differently: a night of them, and one that goes on from it.

What `sql_history` draws is of a plain world; this is what a world might say.
"""

from datetime import timedelta

from helpers.sql_history import FIRST
from helpers.sql_warehouse import Night

HUGE = "9" * 29
"""More than arithmetic takes: what follows from it is null, and the build goes on."""
NAMES = ("zulu", "Zulu", "ångström", "a b", "a|b", "a'b", '"q"', "~", "", "_x", "Straße", "例")
"""In the order of their bytes on one engine, of a language on another; and what a careless text would trip over."""
TIES = (("1", "3000000"), ("5", "10000000"), ("2", "3"), ("-1", "6"), ("1.000000005", "7"), ("0.000000001", "999999999"))
"""Values and the others' that make shares which end in a half, or nearly: rounding away from zero tells them apart."""
ACCOUNT, PORTFOLIO = "Ünüsual", "p|'1"


def strange_nights() -> list[Night]:
    """Three nights of one account: the first full, the second empty, the third with everything changed."""
    return [_full(), _empty(), _changed()]


def _night(days: int, load_id: str) -> Night:
    # Numbers of their own: other loads of the same date have theirs.
    night = Night(FIRST + timedelta(days=days), load_id, first=50_000_000)
    roster = {"account_id": ACCOUNT, "currency": "USD", "opened_on": night.as_of, "status": "Active", "balance": HUGE}
    night.ask("accounts", accounts=[roster], account_portfolios=[{"account_id": ACCOUNT, "portfolio_id": PORTFOLIO}])
    night.ask("portfolios", ACCOUNT, portfolios=[{"portfolio_id": PORTFOLIO}])
    return night


def _full() -> Night:
    night = _night(0, "900.5")
    ties = [
        {
            "position_id": f"tie-{number}-{side}",
            "symbol": name,
            "currency": f"C{number}",
            "quantity": "1",
            "market_value": value,
        }
        for number, pair in enumerate(TIES)
        for side, (name, value) in enumerate(zip(("less", "more"), pair, strict=True))
    ]
    named = [
        {"position_id": f"name-{number}", "symbol": name, "currency": "USD", "quantity": "0.000000000000000001",
         "current_price": "9" * 19, "market_value": "0.000000001"}
        for number, name in enumerate(NAMES)
    ]  # fmt: skip
    huge = {"position_id": "huge", "symbol": "HUGE", "currency": "EUR", "quantity": "9" * 19, "current_price": "9" * 19,
            "market_value": HUGE, "total_cost_basis": "-" + HUGE, "unrealized_pl": HUGE}  # fmt: skip
    night.ask("positions", ACCOUNT, positions=[*ties, *named, huge])
    night.policy(
        ACCOUNT,
        1,
        night.as_of - timedelta(days=30),
        {"equities": ("0", "33.333333333", "66.666666667"), "Ångström": ("0", "0", HUGE)},
        threshold="0.000000001",
        body={"minimum_cash_percent": "0.000000001", "rebalancing_frequency": "Quarterly", "tax_bracket": "24.0"},
        terms={"excluded_sectors": list(NAMES), "excluded_securities": ["a|b", " vti "]},
    )
    held = [
        {"item_number": number, "symbol": name, "asset_class": "equities", "sector": name, "quantity": "3",
         "current_price": price, "total_cost_basis": "1", "market_value": value}
        for number, (name, (price, value)) in enumerate(zip(NAMES, TIES * 2, strict=True), start=1)
    ]  # fmt: skip
    night.ask(
        "holdings",
        ACCOUNT,
        PORTFOLIO,
        portfolio_holdings=[{"currency": "USD", "cash_balance": "0.000000005"}],
        holdings=held,
    )
    night.drift(
        ACCOUNT, PORTFOLIO, {"equities": ("33.333333333", "66.666666666"), "Ångström": ("66.666666667", "33.333333334")}
    )
    night.pnl(
        ACCOUNT,
        night.as_of,
        night.as_of,
        total_pnl=HUGE,
        realized_pnl="-0.000000001",
        unrealized_pnl=HUGE,
        fees_paid="0",
        positions={name: {"realized_pnl": "0.000000001", "unrealized_pnl": HUGE} for name in NAMES},
        classes={name: {"pnl": "0.333333333", "pnl_percent": "0.000000001"} for name in NAMES},
    )
    return night


def _empty() -> Night:
    night = _night(1, "901.5")
    night.ask("positions", ACCOUNT, positions=[])
    night.ask("holdings", ACCOUNT, PORTFOLIO, portfolio_holdings=[{}], holdings=[])
    night.drift(ACCOUNT, PORTFOLIO, {})
    night.pnl(ACCOUNT, night.as_of - timedelta(days=1), night.as_of)
    return night


def _changed() -> Night:
    night = _night(2, "902.5")
    night.ask(
        "positions", ACCOUNT, positions=[{"position_id": "tie-0-1", "symbol": "ZULU", "currency": "c0", "market_value": "0"}]
    )
    night.policy(ACCOUNT, 2, night.as_of - timedelta(days=1), {"equities": ("10", "20", "30")}, threshold=None, terms={})
    night.drift(ACCOUNT, PORTFOLIO, {"equities": ("0", "100.000000001"), "": ("0", "-0.000000001")})
    night.pnl(ACCOUNT, night.as_of - timedelta(days=2), night.as_of, total_pnl="-" + HUGE, realized_pnl="1")
    night.pnl(
        ACCOUNT, night.as_of - timedelta(days=2), night.as_of - timedelta(days=2), total_pnl="2", realized_pnl="2",
        positions={name: {"realized_pnl": "0.5"} for name in NAMES[::-1]},
    )  # fmt: skip
    return night
