"""Positions as the two surfaces print them. Facts come from the ledger; this file only spells them."""

from datetime import datetime, time, timedelta

from sandbox.world.accounts import Account
from sandbox.world.clock import NEW_YORK, at_close, iso
from sandbox.world.exact import digest, text
from sandbox.world.facts import Position
from sandbox.world.instruments import INSTRUMENTS

Json = dict[str, object]
_OPENS = time(10, 0)


def position_row(account: Account, row: Position, refreshed: bool) -> Json:
    """The account surface; an account of the oldest style shows UUIDs as position ids, and four decimals."""
    return {
        "id": row.position_uuid if account.old_style else row.position_id,
        "account_id": account.account_id,
        "symbol": row.symbol,
        "asset_id": asset_id(row.symbol),
        **_figures(row, 4 if account.old_style else 1),
        **(price_quality(row) if refreshed else {}),
        "last_transaction_at": _last_transaction(account, row),
        "created_at": iso(_traded_at(account, row, first=True)),
        "updated_at": iso(at_close(row.priced_on)),
    }


def investor_position_row(account: Account, row: Position, refreshed: bool) -> Json:
    item = INSTRUMENTS[row.symbol]
    quality = price_quality(row) if refreshed else {}
    if row.confidence == "UNAVAILABLE" and refreshed:
        quality["price_timestamp"] = None
    return {
        "object": "position",
        "livemode": False,
        "id": row.position_id,
        "created": int(_traded_at(account, row, first=True).timestamp()),
        "metadata": {},
        "investor_id": account.investor_id,
        "symbol": row.symbol,
        "asset_id": asset_id(row.symbol),
        "class": item.kind,
        "country": item.country,
        **_figures(row, 1),
        **quality,
        "last_transaction_at": _last_transaction(account, row),
        "updated_at": iso(at_close(row.priced_on)),
    }


def _figures(row: Position, places: int) -> Json:
    return {
        "currency": row.currency,
        "quantity": text(row.quantity, places),
        "average_cost_basis": text(row.average_cost),
        "total_cost_basis": text(row.cost),
        "current_price": text(row.price),
        "market_value": text(row.value),
        "unrealized_pl": text(row.unrealized),
        "unrealized_pl_percent": text(row.unrealized_percent),
    }


def price_quality(row: Position) -> Json:
    item = INSTRUMENTS[row.symbol]
    source = "ALPACA" if item.start is None else "NAYA" if item.currency == "NGN" else "DATABASE"
    quality: Json = {
        "price_source": "UNAVAILABLE" if row.confidence == "UNAVAILABLE" else source,
        "price_confidence": row.confidence,
    }
    # Not nullable on the account surface: where there is no time, there is no member.
    if row.confidence != "UNAVAILABLE":
        quality["price_timestamp"] = iso(at_close(row.priced_on))
    return quality


def _last_transaction(account: Account, row: Position) -> str | None:
    # A transferred position has no transaction of its own; the documents allow null.
    if digest("transferred", account.number, row.symbol) % 11 == 0:
        return None
    return iso(_traded_at(account, row, first=False))


def _traded_at(account: Account, row: Position, first: bool) -> datetime:
    day = row.opened_on if first else row.last_traded_on
    later = timedelta(microseconds=digest(account.number, row.symbol) % 10**9)
    moment = datetime.combine(day, _OPENS, NEW_YORK) + later
    # 0, 3 and 6 fraction digits are all in circulation.
    keep = (1_000_000, 1_000, 1)[digest(row.symbol) % 3]
    return moment.replace(microsecond=moment.microsecond // keep * keep)


def asset_id(symbol: str) -> str:
    number = f"{digest('asset', symbol):064x}"
    return f"{number[:8]}-{number[8:12]}-4{number[13:16]}-a{number[17:20]}-{number[20:32]}"
