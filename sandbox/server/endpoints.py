"""The read endpoints: from a route and its parameters to an answer, at the clock's present.

Looks up, checks, and lets the renderers spell. Credentials, limits and outages are the app's.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import TypeVar

from sandbox.server.answers import Answer, ApiError, bad_format, not_found, ok
from sandbox.server.params import Params
from sandbox.server.render_portfolios import holdings_body, performance_body, summary_body
from sandbox.server.render_positions import investor_position_row, position_row
from sandbox.server.render_rosters import account_row, investor_row, portfolio_row
from sandbox.server.render_wealth import analysis_body, pnl_body, policy_body
from sandbox.server.routes import Route
from sandbox.server.windows import window_of
from sandbox.world.accounts import Account, Portfolio
from sandbox.world.clock import Clock
from sandbox.world.facts import Position
from sandbox.world.instruments import INSTRUMENTS
from sandbox.world.world import World

Row = TypeVar("Row")


class Endpoints:
    def __init__(self, world: World, clock: Clock) -> None:
        self._world, self._clock = world, clock

    def answer(self, route: Route, params: Params) -> Answer:
        if not route.endpoint:
            raise ApiError(404, "BLUM-404-002", "no such path")
        handler: Callable[[Route, Params], Answer] = getattr(self, "_" + route.endpoint)
        return handler(route, params)

    # ------------------------------------------------------------- rosters

    def _accounts(self, route: Route, params: Params) -> Answer:
        day, ledger = self._clock.market_date(), self._world.ledger
        return ok([account_row(ledger, account, day) for account in ledger.accounts(day)])

    def _investors(self, route: Route, params: Params) -> Answer:
        day, ledger = self._clock.market_date(), self._world.ledger
        listed = ledger.accounts(day)
        return _page("/v1/investors", listed, lambda a: investor_row(ledger, a, day), params.paging())

    # ------------------------------------------------------------- positions

    def _positions(self, route: Route, params: Params) -> Answer:
        account = self._account_on_its_surface(route)
        refreshed = params.flag("refresh_prices", default=route.investor_surface)
        symbol, non_zero = params.text("symbol"), params.flag("non_zero_only", default=False)
        rows = [
            row
            for row in self._world.ledger.positions(account.account_id, self._clock.market_date(), listed=refreshed)
            if (symbol is None or row.symbol == symbol) and not (non_zero and row.sold_out)
        ]
        if not route.investor_surface:
            return ok([position_row(account, row, refreshed) for row in rows])

        def render(row: Position) -> dict[str, object]:
            return investor_position_row(account, row, refreshed)

        return _page(f"/v1/investors/{account.investor_id}/positions", rows, render, params.paging())

    def _position(self, route: Route, params: Params) -> Answer:
        account = self._account_on_its_surface(route)
        refreshed = params.flag("refresh_prices", default=route.investor_surface)
        rows = self._world.ledger.positions(account.account_id, self._clock.market_date())
        for row in rows:
            if route.part_id == row.position_id or (route.part_id == row.position_uuid and not route.investor_surface):
                render = investor_position_row if route.investor_surface else position_row
                return ok(render(account, row, refreshed))
        if route.investor_surface and not route.part_id.startswith("pos_"):
            raise bad_format("position_id", "an id with the pos_ prefix")
        raise not_found()

    # ------------------------------------------------------------- wealth

    def _portfolios(self, route: Route, params: Params) -> Answer:
        account, day, ledger = self._account(route), self._clock.market_date(), self._world.ledger
        rows = [portfolio_row(ledger, account, portfolio, day) for portfolio in ledger.portfolios(account.account_id, day)]
        return ok({"portfolios": rows})

    def _rebalancing(self, route: Route, params: Params) -> Answer:
        account, portfolio = self._portfolio_of(route)
        now = self._clock.now()
        analysis = self._world.ledger.drift(portfolio.portfolio_id, self._clock.market_date(), now)
        return ok(analysis_body(account, analysis, now))

    def _summary(self, route: Route, params: Params) -> Answer:
        account, portfolio = self._portfolio_of(route)
        params.flag("refresh_prices", default=False)  # a summary shows no prices
        summary = self._world.ledger.summary(portfolio.portfolio_id, self._clock.market_date(), self._clock.now())
        return ok(summary_body(account, portfolio, summary))

    def _holdings(self, route: Route, params: Params) -> Answer:
        account, portfolio = self._portfolio_of(route)
        refreshed = params.flag("refresh_prices", default=False)
        # What lots and groups look like is documented nowhere: taken, and without effect.
        params.flag("include_lots", default=False)
        params.choice("group_by", ("asset_class", "sector", "none"), "none")
        held = self._world.ledger.holdings(portfolio.portfolio_id, self._clock.market_date())
        return ok(holdings_body(account, held, refreshed))

    def _performance(self, route: Route, params: Params) -> Answer:
        account, portfolio = self._portfolio_of(route)
        today, benchmark = self._clock.market_date(), params.text("benchmark")
        label, start, end = window_of(params, today, account.opened)
        if benchmark is not None and benchmark not in INSTRUMENTS:
            raise ApiError(404, "BLUM-404-003", "no such asset", "benchmark")
        result = self._world.ledger.performance(portfolio.portfolio_id, *self._so_far(start, end), benchmark=benchmark)
        return ok(performance_body(account, result, (label, start, end)))

    def _pnl(self, route: Route, params: Params) -> Answer:
        account, today = self._account(route), self._clock.market_date()
        start, end = params.day("start_date", account.opened), params.day("end_date", today)
        realized_only = params.flag("realized_only", default=False)
        if start > end:
            raise ApiError(400, "BLUM-400-007", "start_date is later than end_date", "start_date")
        report = self._world.ledger.pnl(
            account.account_id,
            *self._so_far(start, end),
            known_at=self._clock.now(),
            realized_only=realized_only,
        )
        return ok(pnl_body(report, start, end))

    def _investment_policy(self, route: Route, params: Params) -> Answer:
        account = self._account(route)
        wanted = params.number("version", 0, 1)
        include_history = params.flag("include_history", default=False)
        known = self._world.ledger.policy_versions(account.account_id, self._clock.now())
        for listed in reversed(known):
            if listed.policy.version == wanted if wanted else listed.status == "active":
                return ok(policy_body(account, listed, known, include_history))
        raise not_found("no such investment policy")

    # ------------------------------------------------------------- inside

    def _so_far(self, start: date, end: date) -> tuple[date, date]:
        """What has not happened yet is not reported: a window that reaches past today ends today."""
        today = self._clock.market_date()
        return max(min(start, today + timedelta(days=1)), self._world.market.first), min(end, today)

    def _portfolio_of(self, route: Route) -> tuple[Account, Portfolio]:
        account = self._account(route)
        portfolio = next((p for p in account.portfolios if p.portfolio_id == route.part_id), None)
        if portfolio is None:
            raise not_found()
        return account, portfolio

    def _account(self, route: Route) -> Account:
        """By either id; an account that has not opened yet is as unknown as one that never will."""
        account = self._world.account(route.account_id)
        if account is None or not account.is_open(self._clock.market_date()):
            raise not_found()
        return account

    def _account_on_its_surface(self, route: Route) -> Account:
        account = self._world.account(route.account_id)
        if route.investor_surface and (account is None or account.investor_id != route.account_id):
            if not route.account_id.startswith("inv_"):
                raise bad_format("investor_id", "an id with the inv_ prefix")
        elif account is not None and not route.investor_surface and account.account_id != route.account_id:
            raise not_found()
        return self._account(route)


def _page(url: str, rows: Sequence[Row], render: Callable[[Row], dict[str, object]], window: tuple[int, int]) -> Answer:
    limit, offset = window
    data = [render(row) for row in islice(rows, offset, offset + limit)]
    return ok({"object": "list", "url": url, "has_more": offset + limit < len(rows), "data": data})
