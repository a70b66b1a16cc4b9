"""What is asked of Bluum, and how an answer is cut into records and further requests. One entry per endpoint.

    Request --path_of--> URL        answer --read--> Record (a row to be) | Request (what this answer tells us to ask)

To add an endpoint: its tables in `tables.py`, here a reading function and an entry in ENDPOINTS (with the tables it fills),
and the `Request` in the reading function of the answer that leads to it. The roster apart, an endpoint is
named elsewhere only for what can be left out (`settings.py`) and what can be asked later (`missed.py`, `backfill.py`).
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pipelines.api.forgotten import NOBODY, Forgotten, is_forgotten
from pipelines.api.pieces import each, member, readable, whole
from pipelines.api.wire import items
from pipelines.schema import tables
from pipelines.schema.rows import Quarantined, Record
from pipelines.schema.table import Table
from pipelines.schema.values import DATE, INTEGER, TEXT, TIMESTAMP, Json

MARKET_ZONE = ZoneInfo("America/New_York")
PAGE_LIMIT = 200  # the largest that Bluum documents
UNKNOWN_OPENING = date(2000, 1, 1)
"""P&L reports of an account without an opening date start here: before Bluum had any account."""
_PRICES_TO_REFRESH = frozenset({"STALE", "UNAVAILABLE"})
_OF_ANY_OBJECT = frozenset({"id", "object", "livemode", "metadata", "account_id", "investor_id"})
_WITH_HISTORY = {"include_history": "true"}
_FIRST_PAGE = {"limit": str(PAGE_LIMIT), "offset": "0"}


@dataclass(frozen=True, slots=True)  # a large book has hundreds of thousands of them waiting
class Request:
    """One question to Bluum. Equal requests have equal answers within a night."""

    endpoint: str
    account_id: str | None = None
    portfolio_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict, compare=False)
    params_text: str = field(init=False, repr=False)  # the same, as it stands in raw.responses and raw.plan

    def __post_init__(self) -> None:
        params, text = _shared(tuple(self.params.items()))
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "params_text", text)

    def __str__(self) -> str:
        portfolio = f", portfolio {self.portfolio_id}" if self.portfolio_id else ""
        return f"{self.endpoint} of account {self.account_id}{portfolio} {self.params_text}"


@dataclass(frozen=True)
class SyncContext:
    """What a night's questions depend on, fixed when its sync starts."""

    as_of_date: date
    surface: str
    refresh_prices: bool = True
    held_policies: frozenset[tuple[str, str, int]] = frozenset()  # account_id, ips_id, version: a published body is held
    closed_before: frozenset[str] = frozenset()  # accounts that an earlier night has seen closed
    missed_pnl: Mapping[str, tuple[date, ...]] = field(default_factory=dict)  # end dates to fill, per account
    missed_performance: Mapping[str, tuple[date, ...]] = field(default_factory=dict)  # the same, per portfolio
    forgotten: Forgotten = NOBODY  # accounts that are left out of the roster


Piece: TypeAlias = Record | Quarantined | Request
Reader = Callable[[Request, Json, SyncContext], Iterator[Piece]]


@dataclass(frozen=True)
class Endpoint:
    """Where an endpoint lives on each surface and how its answers are read."""

    name: str
    path: Mapping[str, str]
    read: Reader
    fills: tuple[Table, ...]  # the tables that its answers have rows for
    leads_to: tuple[str, ...] = ()  # the endpoints that its answers may tell us to ask
    is_paged: bool = False  # its answers are lists that may come in pages
    backfill: str | None = None  # what it is called when a later night asks it: it comes after those that cannot wait
    is_personal: bool = False  # its answers hold personal data, dropped before anything else sees them


def path_of(request: Request, surface: str, page: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """URL path below the base URL and query of a request; ids are percent-encoded whatever they hold.

    `page` are the parameters of a page that is not the first.
    """
    params = request.params if page is None else page
    template = ENDPOINTS[request.endpoint].path[surface]
    values = {"account_id": request.account_id, "portfolio_id": request.portfolio_id, **params}
    in_path = {name: _segment(value) for name, value in values.items() if value is not None and f"{{{name}}}" in template}
    return template.format(**in_path), {name: value for name, value in params.items() if name not in in_path}


def roster(surface: str) -> Request:
    """The question every night starts from: which accounts there are."""
    return Request("accounts", params=_FIRST_PAGE if surface == "investors" else {})


def params_text(params: Mapping[str, str]) -> str:
    """Query parameters as canonical JSON text, the form in which they stand in raw.responses and raw.plan."""
    return _shared(tuple(params.items()))[1]


@lru_cache(maxsize=4096)  # most questions of a night have the same few
def _shared(params: tuple[tuple[str, str], ...]) -> tuple[Mapping[str, str], str]:
    """These parameters, in one copy for all requests that have them, and their text."""
    return dict(params), json.dumps(dict(sorted(params)), separators=(",", ":"))


def _segment(value: str) -> str:
    # A segment of dots alone would be taken as a step up the path.
    return quote(value, safe="") if value.strip(".") else value.replace(".", "%2E")


def _opened_on(item: Json) -> date | None:
    opened: datetime | None = readable(TIMESTAMP, item, "created_at")
    if opened is None and (created := readable(INTEGER, item, "created")) is not None:
        seconds = created / 1000 if created > 100_000_000_000 else created  # some samples give milliseconds
        opened = datetime.fromtimestamp(seconds, UTC) if 0 <= seconds < 253_402_300_800 else None
    return opened.astimezone(MARKET_ZONE).date() if opened and opened.year > 1 else None


def read_accounts(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """The roster leads to everything else, for every account whatever its status."""
    for item in items(body)[0]:
        if is_forgotten(item):
            continue
        opened_on = _opened_on(item)
        yield Record(tables.ACCOUNTS, item, {"opened_on": opened_on})
        account_id = readable(TEXT, item, "id")
        if account_id is None:
            continue
        given = {"account_id": account_id}
        yield from each(tables.ACCOUNT_ENABLED_ASSETS, item, "enabled_assets", given, "item_number")
        for piece in each(tables.ACCOUNT_PORTFOLIOS, item, "portfolios", given, "item_number"):
            is_row = isinstance(piece, Record)
            yield replace(piece, payload=_named(piece.payload, "id", "portfolio_id")) if is_row else piece
        is_closed = (readable(TEXT, item, "status") or "").lower() == "closed"
        if not (is_closed and account_id in context.closed_before):
            yield from _questions(account_id, opened_on, context)


def _named(item: Json, name: str, other: str) -> Json:
    """A portfolio under this name of its id, whichever of the two its list uses."""
    if isinstance(item, dict) and item.get(name) is None and item.get(other) is not None:
        return {**item, name: item[other]}
    return item


def _questions(account_id: str, opened_on: date | None, context: SyncContext) -> Iterator[Request]:
    paging = _FIRST_PAGE if context.surface == "investors" else {}
    yield Request("positions", account_id, params={"refresh_prices": str(context.refresh_prices).lower(), **paging})
    yield Request("portfolios", account_id)
    yield Request("investment_policy", account_id, params=_WITH_HISTORY)
    yield pnl_request("pnl", account_id, opened_on, context.as_of_date)
    for end_date in context.missed_pnl.get(account_id, ()):
        yield pnl_request("pnl_backfill", account_id, opened_on, end_date)


def pnl_request(endpoint: str, account_id: str, opened_on: date | None, end_date: date) -> Request:
    """The inception-to-date report at `end_date`; an account opened later than that is asked for the one day."""
    return Request(endpoint, account_id, params=_to_date(opened_on, end_date))


def _to_date(opened_on: date | None, end_date: date) -> dict[str, str]:
    start_date = min(opened_on or UNKNOWN_OPENING, end_date)
    return {"start_date": start_date.isoformat(), "end_date": end_date.isoformat()}


def read_positions(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """Positions; one whose price Bluum calls stale or unavailable is asked for once more by itself."""
    for item in items(body)[0]:
        yield Record(tables.POSITIONS, item, {"account_id": request.account_id})
        position_id = readable(TEXT, item, "id")
        if position_id is not None and readable(TEXT, item, "price_confidence") in _PRICES_TO_REFRESH:
            params = {"position_id": position_id, "refresh_prices": "true"}
            yield Request("position", request.account_id, params=params)


def read_position(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """The one position asked for; it stands under the id it was asked by, whatever id the answer repeats."""
    # The published sample shows the investor's id in `id`, so the answer's own id is no proof of another position.
    if not isinstance(body, dict) or not body.keys() & tables.POSITIONS.members - _OF_ANY_OBJECT:
        yield Quarantined(tables.POSITIONS, "", body, "no member that this table knows", body)
        return
    item = {**body, "id": request.params["position_id"]}
    yield Record(tables.POSITIONS, item, {"account_id": request.account_id})


def read_portfolios(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """Portfolios, each of which leads to its rebalancing analysis, its holdings, its summary and its performance."""
    for item in items(body)[0]:
        item = _named(item, "portfolio_id", "id")
        yield Record(tables.PORTFOLIOS, item, {"account_id": request.account_id})
        portfolio_id = readable(TEXT, item, "portfolio_id")
        if portfolio_id is None:
            continue
        of_it, prices = (request.account_id, portfolio_id), {"refresh_prices": str(context.refresh_prices).lower()}
        yield Request("rebalancing", *of_it)
        yield Request("holdings", *of_it, params=prices)
        yield Request("summary", *of_it, params=prices)
        opened_on = _opened_on(item)
        yield Request("performance", *of_it, params=_to_date(opened_on, context.as_of_date))
        for end_date in context.missed_performance.get(portfolio_id, ()):
            yield Request("performance_backfill", *of_it, params=_to_date(opened_on, end_date))


def read_rebalancing(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """A rebalancing analysis: its head, one row per asset class, one per recommended trade."""
    given = {"account_id": request.account_id, "portfolio_id": request.portfolio_id}
    yield Record(tables.REBALANCING, whole(body), given)
    yield from each(tables.REBALANCING_ALLOCATIONS, body, "current_allocation", given, "asset_class")
    yield from each(tables.REBALANCING_TRADES, body, "recommended_trades", given, "trade_number")


def read_holdings(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """What a portfolio holds: its cash and totals, and a row per holding."""
    given = {"account_id": request.account_id, "portfolio_id": request.portfolio_id}
    yield Record(tables.PORTFOLIO_HOLDINGS, whole(body), given)
    yield from each(tables.HOLDINGS, body, "holdings", given, "item_number", required=True)


def read_summary(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """A portfolio in brief: its value, and its shares by asset class and by sector."""
    given = {"account_id": request.account_id, "portfolio_id": request.portfolio_id}
    yield Record(tables.PORTFOLIO_SUMMARIES, whole(body), given)
    for breakdown in ("by_asset_class", "by_sector"):
        shares = {**given, "breakdown": breakdown}
        yield from each(tables.PORTFOLIO_SUMMARY_SHARES, body, f"allocation.{breakdown}", shares, "item_number")


def read_performance(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """A performance report under the window it was asked for, and the points of its series in whichever form they come."""
    window = {name: DATE.read(request.params[name]) for name in ("start_date", "end_date")}
    given = {"account_id": request.account_id, "portfolio_id": request.portfolio_id, **window}
    yield Record(tables.PERFORMANCE_REPORTS, whole(body), given)
    yield from each(tables.PERFORMANCE_VALUES, body, "value_history", given, "item_number")
    if member(body, "value_history") or (series := member(body, "balance_history")) is None:
        return
    dates, values = member(series, "dates"), member(series, "values")
    if isinstance(series, dict) and dates is None and values is None:
        return
    if not isinstance(dates, list) or not isinstance(values, list) or len(dates) != len(values):
        reason = "expected dates and values, as many of one as of the other"
        yield Quarantined(tables.PERFORMANCE_VALUES, "balance_history", series, reason, series)
        return
    points: Json = [{"date": day, "value": value} for day, value in zip(dates, values, strict=True)]
    yield from each(tables.PERFORMANCE_VALUES, {"points": points}, "points", given, "item_number")


def read_pnl(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """A P&L report under the window it was asked for: its head, and its rows by position and by asset class."""
    window = {name: DATE.read(request.params[name]) for name in ("start_date", "end_date")}
    given = {"account_id": request.account_id, **window}
    yield Record(tables.PNL_REPORTS, whole(body), given)
    yield from each(tables.PNL_BY_POSITION, body, "by_position", given, "item_number")
    yield from each(tables.PNL_BY_ASSET_CLASS, body, "by_asset_class", given, "item_number")


def read_policy(request: Request, body: Json, context: SyncContext) -> Iterator[Piece]:
    """A policy version; its history leads to the versions whose bodies no earlier answer holds."""
    given = {
        "account_id": request.account_id,
        "ips_id": readable(TEXT, body, "ips_id"),
        "version": (current := readable(INTEGER, body, "version")),
    }
    yield Record(tables.POLICY_VERSIONS, whole(body), given)
    for piece in each(tables.POLICY_TARGETS, body, "target_allocation", given, "asset_class", required=True):
        yield piece
        if isinstance(piece, Record):
            band = {**given, "asset_class": piece.given["asset_class"]}
            yield from each(tables.POLICY_SUB_ALLOCATIONS, piece.payload, "sub_allocations", band, "sub_allocation")
    for names in _POLICY_LISTS:
        term = {**given, "term": names.rpartition(".")[2]}
        yield from each(tables.POLICY_TERMS, body, names, term, "item_number")
    yield from _history(request, body, given["ips_id"], current, context)


def _history(request: Request, body: Json, ips_id: str | None, current: int | None, context: SyncContext) -> Iterator[Piece]:
    given = {"account_id": request.account_id, "ips_id": ips_id, "current_version": current}
    for piece in each(tables.POLICY_HISTORY, body, "version_history", given, "item_number"):
        yield piece
        version = readable(INTEGER, piece.payload, "version") if isinstance(piece, Record) else None
        is_news = version not in (None, current) and (request.account_id, ips_id, version) not in context.held_policies
        if is_news and request.endpoint == "investment_policy":
            yield Request("investment_policy_version", request.account_id, params={"version": str(version)})


_POLICY_LISTS = (
    "investment_objectives.secondary",
    "constraints.restrictions.excluded_sectors",
    "constraints.restrictions.excluded_securities",
    "constraints.restrictions.esg_criteria",
)


def _both(path: str) -> dict[str, str]:
    return {"accounts": path, "investors": path}


_WEALTH = "/wealth/accounts/{account_id}"
_PORTFOLIO = _WEALTH + "/portfolios/{portfolio_id}"
_HOLDINGS = (tables.PORTFOLIO_HOLDINGS, tables.HOLDINGS)
_SUMMARY = (tables.PORTFOLIO_SUMMARIES, tables.PORTFOLIO_SUMMARY_SHARES)
_PERFORMANCE = (tables.PERFORMANCE_REPORTS, tables.PERFORMANCE_VALUES)
_ANALYSIS = (tables.REBALANCING, tables.REBALANCING_ALLOCATIONS, tables.REBALANCING_TRADES)
_REPORT = (tables.PNL_REPORTS, tables.PNL_BY_POSITION, tables.PNL_BY_ASSET_CLASS)
_POLICY = (
    tables.POLICY_VERSIONS,
    tables.POLICY_TARGETS,
    tables.POLICY_SUB_ALLOCATIONS,
    tables.POLICY_TERMS,
    tables.POLICY_HISTORY,
)
ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint(
            "accounts",
            {"accounts": "/accounts", "investors": "/investors"},
            read_accounts,
            (tables.ACCOUNTS, tables.ACCOUNT_ENABLED_ASSETS, tables.ACCOUNT_PORTFOLIOS),
            leads_to=("positions", "portfolios", "investment_policy", "pnl", "pnl_backfill"),
            is_paged=True,
            is_personal=True,
        ),
        Endpoint(
            "positions",
            {"accounts": "/trading/accounts/{account_id}/positions", "investors": "/investors/{account_id}/positions"},
            read_positions,
            (tables.POSITIONS,),
            leads_to=("position",),
            is_paged=True,
        ),
        Endpoint(
            "position",
            {
                "accounts": "/trading/accounts/{account_id}/positions/{position_id}",
                "investors": "/investors/{account_id}/positions/{position_id}",
            },
            read_position,
            (tables.POSITIONS,),
        ),
        Endpoint(
            "portfolios",
            _both(_WEALTH + "/portfolios"),
            read_portfolios,
            (tables.PORTFOLIOS,),
            leads_to=("rebalancing", "holdings", "summary", "performance", "performance_backfill"),
            is_paged=True,
        ),
        Endpoint("rebalancing", _both(_PORTFOLIO + "/rebalancing"), read_rebalancing, _ANALYSIS),
        Endpoint("holdings", _both(_PORTFOLIO + "/holdings"), read_holdings, _HOLDINGS),
        Endpoint("summary", _both(_PORTFOLIO + "/summary"), read_summary, _SUMMARY),
        Endpoint(
            "performance",
            _both(_PORTFOLIO + "/performance"),
            read_performance,
            _PERFORMANCE,
            backfill="performance_backfill",
        ),
        Endpoint("performance_backfill", _both(_PORTFOLIO + "/performance"), read_performance, _PERFORMANCE),
        Endpoint("pnl", _both(_WEALTH + "/reports/pnl"), read_pnl, _REPORT, backfill="pnl_backfill"),
        Endpoint("pnl_backfill", _both(_WEALTH + "/reports/pnl"), read_pnl, _REPORT),
        Endpoint(
            "investment_policy",
            _both(_WEALTH + "/investment-policy"),
            read_policy,
            _POLICY,
            leads_to=("investment_policy_version",),
        ),
        Endpoint("investment_policy_version", _both(_WEALTH + "/investment-policy"), read_policy, _POLICY),
    )
}


LASTING = frozenset(
    name for endpoint in ENDPOINTS.values() if endpoint.backfill for name in (endpoint.name, endpoint.backfill)
)
"""The endpoints whose questions a later night can ask, too."""


def endpoints_for(wanted: Iterable[str]) -> frozenset[str]:
    """The endpoints whose answers fill one of these tables, and those that lead there; always the roster."""
    names = set(wanted)
    found = {endpoint.name for endpoint in ENDPOINTS.values() if any(table.name in names for table in endpoint.fills)}
    while leading := {endpoint.name for endpoint in ENDPOINTS.values() if found & {*endpoint.leads_to}} - found:
        found |= leading
    return frozenset(found | {"accounts"})


def without(left_out: Collection[str]) -> frozenset[str]:
    """All endpoints but these, and but their backfills."""
    gone = {*left_out} | {ENDPOINTS[name].backfill for name in left_out}
    return frozenset(ENDPOINTS.keys() - gone)
