"""Summary, holdings and performance of a portfolio: their shapes over HTTP, and figures that agree with each other."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from helpers.contract import Api
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.server.routes import Route, route_of
from sandbox.world.accounts import Account, Portfolio
from sandbox.world.clock import end_of_market_date
from sandbox.world.exact import split
from sandbox.world.registry import WorldOptions
from sandbox.world.returns import annualized, chained, deviation, points, risk_of
from sandbox.world.world import World

NIGHT = date(2022, 6, 15)
DAYS = (date(2021, 6, 30), date(2022, 5, 2), date(2022, 5, 4), date(2022, 5, 15), NIGHT, date(2022, 12, 28))
WORLD = World(WorldOptions(accounts=24))


def portfolios(world: World, day: date) -> Iterator[tuple[Account, Portfolio]]:
    for account in world.ledger.accounts(day):
        for portfolio in world.ledger.portfolios(account.account_id, day):
            yield account, portfolio


def path(account: Account, about: str, place: int = 0) -> str:
    return f"/wealth/accounts/{account.account_id}/portfolios/{account.portfolios[place].portfolio_id}/{about}"


@pytest.mark.parametrize("night", ["2020-06-01", "2022-05-13", "2022-06-14", "2022-06-18"])
def test_the_three_answers_of_every_portfolio_pass_their_schemas(fresh: Api, night: str) -> None:
    fresh.operator.clock.to_night(date.fromisoformat(night))
    for account, portfolio in portfolios(fresh.operator.world, date.fromisoformat(night)):
        for about in ("summary", "holdings", "performance"):
            answer = fresh.json(path(account, about, portfolio.sleeve))
            assert answer["portfolio_id"] == portfolio.portfolio_id
        for period in ("1d", "1w", "1m", "3m", "6m", "ytd", "1y", "3y", "5y", "all"):
            report = fresh.json(path(account, "performance", portfolio.sleeve), period=period, benchmark="MTUM")
            assert report["period"]["label"] == period and report["period"]["end_date"] == night
            assert report["benchmark_comparison"]["benchmark_symbol"] == "MTUM"


def test_holdings_over_http_add_up_and_weigh_with_the_cash(api: Api) -> None:
    reserves = 0
    for account, portfolio in portfolios(api.operator.world, NIGHT):
        answer = api.json(path(account, "holdings", portfolio.sleeve))
        rows, cash, totals = answer["holdings"], answer["cash"], answer["totals"]
        balance, total = Decimal(cash["balance"]), Decimal(totals["total_value"])
        assert Decimal(cash["available"]) + Decimal(cash["reserved"]) == balance
        assert sum((Decimal(row["market_value"]) for row in rows), balance) == total
        for row in rows:
            exact = Decimal(row["market_value"]) * 100 / total
            assert abs(Decimal(row["weight_percent"]) - exact) <= Decimal("0.005")
            assert "price_source" not in row and Decimal(row["quantity"]) != 0
        assert sum(Decimal(row["total_cost_basis"]) for row in rows) == Decimal(totals["total_cost_basis"])
        assert sum(Decimal(row["unrealized_pl"]) for row in rows) == Decimal(totals["total_unrealized_pl"])
        if rows:
            # What the weights leave to a hundred is the cash.
            rest = 100 - sum(Decimal(row["weight_percent"]) for row in rows)
            assert abs(rest - balance * 100 / total) < Decimal("0.06")
        reserves += Decimal(cash["reserved"]) > 0
    assert reserves


def test_prices_are_told_of_only_when_they_are_refreshed(api: Api) -> None:
    account = api.operator.world.accounts[0]
    rows = api.json(path(account, "holdings"), refresh_prices="true", include_lots="true", group_by="sector")["holdings"]
    assert {(row["price_confidence"], row["price_timestamp"]) for row in rows} == {("END_OF_DAY", "2022-06-15T20:00:00Z")}


def test_the_portfolios_of_an_account_hold_its_positions_and_its_cash() -> None:
    for day in DAYS:
        for account in WORLD.ledger.accounts(day):
            if not account.portfolios:
                continue
            cash: dict[str, Decimal] = {}
            held: dict[str, Decimal] = {}
            for portfolio in account.portfolios:
                holdings = WORLD.ledger.holdings(portfolio.portfolio_id, day)
                cash[portfolio.currency] = cash.get(portfolio.currency, Decimal(0)) + holdings.cash
                for row in (line.position for line in holdings.rows):
                    assert row.currency == portfolio.currency
                    held[row.symbol] = held.get(row.symbol, Decimal(0)) + row.quantity
            assert cash == WORLD.ledger.cash(account.account_id, day)
            positions = WORLD.ledger.positions(account.account_id, day)
            assert held == {row.symbol: row.quantity for row in positions if row.quantity}


def test_no_purse_is_ever_overdrawn() -> None:
    lowest = min(s.cash[purse] for a in WORLD.accounts for s in WORLD.history(a).snapshots for purse in s.cash)
    assert lowest >= 0


def test_the_summary_agrees_with_holdings_and_analysis(api: Api) -> None:
    nothing, partial = 0, 0
    for account, portfolio in portfolios(api.operator.world, NIGHT):
        said = api.json(path(account, "summary", portfolio.sleeve))
        held = api.json(path(account, "holdings", portfolio.sleeve))
        analysis = api.json(path(account, "rebalancing", portfolio.sleeve))
        valuation, status, allocation = said["valuation"], said["rebalancing_status"], said["allocation"]
        assert valuation["total_value"] == held["totals"]["total_value"]
        assert valuation["cash_value"] == held["cash"]["balance"]
        assert valuation["unrealized_gain_loss"] == held["totals"]["total_unrealized_pl"]
        classes = {part["asset_class"]: Decimal(part["percent"]) for part in allocation["by_asset_class"]}
        assert classes == {
            name: Decimal(part["actual"]) for name, part in analysis["current_allocation"].items() if Decimal(part["actual"])
        }
        by_class = sum((Decimal(part["value"]) for part in allocation["by_asset_class"]), Decimal(0))
        by_sector = sum((Decimal(part["value"]) for part in allocation["by_sector"]), Decimal(0))
        assert by_class == Decimal(valuation["positions_value"]) >= by_sector
        drifts = [abs(Decimal(part["drift"])) for part in analysis["current_allocation"].values()]
        assert Decimal(status["max_deviation_percent"]) == max(drifts, default=0)
        for name in ("needs_rebalancing", "last_rebalanced_at"):
            assert status[name] == analysis[name]
        nothing, partial = nothing + (said["strategy_application"] is None), partial + (by_sector < by_class)
    assert nothing and partial


def test_the_next_rebalancing_is_the_day_on_which_it_comes() -> None:
    for account, portfolio in portfolios(WORLD, NIGHT):
        due = WORLD.ledger.summary(portfolio.portfolio_id, NIGHT).next_scheduled
        if account.is_closed(NIGHT):
            assert due is None
            continue
        assert due and due > NIGHT
        if due < WORLD.market.last:
            eve, then = (WORLD.ledger.drift(portfolio.portfolio_id, due + timedelta(days=n)) for n in (-1, 2))
            assert eve.last_rebalanced_at and then.last_rebalanced_at
            assert eve.last_rebalanced_at.date() < due == then.last_rebalanced_at.date()
    balanced = WORLD.accounts[0].portfolios[0].portfolio_id  # every quarter, on the 5th
    assert WORLD.ledger.summary(balanced, NIGHT).next_scheduled == date(2022, 7, 5)
    assert WORLD.ledger.summary(balanced, date(2022, 7, 5)).next_scheduled == date(2022, 10, 5)


ids = st.sampled_from([(a.number, p.sleeve) for a, p in portfolios(WORLD, NIGHT)])
windows = st.tuples(st.dates(date(2020, 1, 2), NIGHT), st.integers(0, 500))


@settings(max_examples=60, deadline=None)
@given(which=ids, window=windows)
def test_what_a_performance_starts_from_and_what_came_and_was_gained_is_what_it_ends_with(
    which: tuple[int, int], window: tuple[date, int]
) -> None:
    account, (start, length) = WORLD.accounts[which[0]], window
    end, portfolio, ledger = start + timedelta(days=length), WORLD.accounts[which[0]].portfolios[which[1]], WORLD.ledger
    report = ledger.performance(portfolio.portfolio_id, start, end)
    # Starting and ending value by the road of the holdings, flows by the ledger's own list.
    values = [ledger.holdings(portfolio.portfolio_id, day).total_value for day in (start - timedelta(days=1), end)]
    flows = [f.amount for f in ledger.flows(account.account_id, start, end) if f.portfolio_id == portfolio.portfolio_id]
    assert [report.starting, report.ending] == values
    assert report.contributions - report.withdrawals == sum(flows)
    assert min(report.contributions, report.withdrawals) >= 0
    assert report.starting + report.contributions - report.withdrawals + report.gains == report.ending
    if len(account.portfolios) == 1:
        # What an account of one portfolio gains is what its P&L report says it earned, less what was corrected.
        pnl = ledger.pnl(account.account_id, start, end, known_at=end_of_market_date(date(2019, 1, 1)))
        assert (report.dividends, report.interest, report.fees) == (pnl.dividends, pnl.interest, pnl.fees)
        assert abs(report.gains - (pnl.total + pnl.dividends + pnl.interest - pnl.fees)) < Decimal("0.0001")


@settings(max_examples=25, deadline=None)
@given(which=ids, start=st.dates(date(2021, 1, 4), date(2022, 6, 1)), cut=st.integers(0, 200))
def test_two_windows_one_after_the_other_are_the_window_of_both(which: tuple[int, int], start: date, cut: int) -> None:
    portfolio_id = WORLD.accounts[which[0]].portfolios[which[1]].portfolio_id
    middle, end = start + timedelta(days=cut), start + timedelta(days=300)
    one, other, both = (
        WORLD.ledger.performance(portfolio_id, *window)
        for window in ((start, middle), (middle + timedelta(days=1), end), (start, end))
    )
    assert (one.starting, one.ending, other.ending) == (both.starting, other.starting, both.ending)
    assert one.gains + other.gains == both.gains and one.fees + other.fees == both.fees
    assert one.contributions + other.contributions == both.contributions
    growth = (1 + one.time_weighted / 100) * (1 + other.time_weighted / 100)
    assert abs((growth - 1) * 100 - both.time_weighted) < Decimal("0.03")  # each is rounded to two decimals


def test_performance_over_http_is_the_ledgers_and_money_is_money(api: Api) -> None:
    account = api.operator.world.accounts[10]
    report = api.json(path(account, "performance"), start_date="2022-05-01", end_date="2022-05-31", period="all")
    assert report["period"] == {"start_date": "2022-05-01", "end_date": "2022-05-31", "label": "custom"}
    parts = {name: Decimal(figure) for name, figure in report["period_breakdown"].items()}
    made = parts["ending_value"] - parts["starting_value"] + parts["net_withdrawals"]
    assert parts["investment_gains"] == made == Decimal(report["returns"]["total_return"])
    assert parts["net_withdrawals"] == Decimal(31100) and parts["net_contributions"] == 0
    assert "benchmark_comparison" not in report
    # The withdrawal is no loss: about 8.4 % of the money left, and the return shows none of it.
    assert abs(Decimal(report["returns"]["time_weighted_return"]) - parts["investment_gains"] * 100 / 365000) < 1


def test_a_series_is_a_list_of_points_for_some_and_parallel_arrays_for_others(api: Api) -> None:
    def series(number: int, period: str) -> tuple[Any, list[str], Decimal]:
        report = api.json(path(api.operator.world.accounts[number], "performance"), period=period)
        assert ("value_history" in report) != ("balance_history" in report)
        last = Decimal(report["period_breakdown"]["ending_value"])
        if "value_history" in report:
            points = report["value_history"]
            return points, [point["date"] for point in points], Decimal(points[-1]["value"]) - last
        parallel = report["balance_history"]
        assert len(parallel["dates"]) == len(parallel["values"])
        return parallel, parallel["dates"], Decimal(parallel["values"][-1]) - last

    for number, kind in ((0, list), (2, dict), (6, dict), (10, list)):
        for period, fewest in (("1w", 4), ("1y", 50)):
            shape, days, apart = series(number, period)
            assert isinstance(shape, kind) and len(days) >= fewest and days == sorted(set(days))
            assert days[-1] == "2022-06-15" and abs(apart) <= Decimal("0.005")


def test_a_performance_does_not_know_the_future(api: Api) -> None:
    account = api.operator.world.accounts[0]
    today = api.json(path(account, "performance"), start_date="2022-06-01")
    past_the_end = api.json(path(account, "performance"), start_date="2022-06-01", end_date="2022-12-01")
    assert past_the_end["period"]["end_date"] == "2022-12-01"
    assert past_the_end["period_breakdown"] == today["period_breakdown"]
    ahead = api.json(path(account, "performance"), start_date="2022-07-01", end_date="2022-12-01")["period_breakdown"]
    assert ahead["starting_value"] == ahead["ending_value"] == today["period_breakdown"]["ending_value"]
    assert ahead["investment_gains"] == "0.00"


def test_periods_begin_where_their_names_say(api: Api) -> None:
    account = api.operator.world.accounts[0]
    begins = {
        "1d": "2022-06-15",
        "1w": "2022-06-09",
        "1m": "2022-05-16",
        "ytd": "2022-01-01",
        "1y": "2021-06-16",
        "3y": "2019-06-16",
        "all": account.opened.isoformat(),
    }
    for period, start in begins.items():
        assert api.json(path(account, "performance"), period=period)["period"]["start_date"] == start
    assert api.json(path(account, "performance"))["period"]["label"] == "1y"
    # The end of February, from the end of May.
    given = api.json(path(account, "performance"), period="3m", end_date="2022-05-31")
    assert given["period"]["start_date"] == "2022-03-01"
    # Long before anything was there, nothing was.
    nothing = api.json(path(account, "performance"), period="5y", end_date="0001-01-01")
    assert set(nothing["period_breakdown"].values()) == {"0.00"} and nothing["value_history"] == []


@pytest.mark.parametrize(
    ("about", "params", "status", "code"),
    [
        ("performance", {"period": "2y"}, 400, "004"),
        ("performance", {"start_date": "2022-02-30"}, 400, "003"),
        ("performance", {"start_date": "2022-02-02", "end_date": "2022-02-01"}, 400, "007"),
        ("performance", {"benchmark": "SPY"}, 404, "003"),
        ("holdings", {"group_by": "colour"}, 400, "004"),
        ("holdings", {"include_lots": "yes"}, 400, "003"),
        ("summary", {"refresh_prices": "1"}, 400, "003"),
        ("nothing", {}, 404, "002"),
    ],
)
def test_refusals(api: Api, about: str, params: dict[str, str], status: int, code: str) -> None:
    refused = api.get(path(api.operator.world.accounts[0], about), **params)
    assert (refused.status_code, refused.json()["code"]) == (status, f"BLUM-{status}-{code}")


def test_unknown_portfolios_are_not_found_whoever_owns_them(api: Api) -> None:
    mine, other = api.operator.world.accounts[0], api.operator.world.accounts[2].portfolios[0].portfolio_id
    for about in ("summary", "holdings", "performance"):
        for portfolio_id in ("port_none", other):
            refused = api.get(f"/wealth/accounts/{mine.account_id}/portfolios/{portfolio_id}/{about}")
            assert (refused.status_code, refused.json()["code"]) == (404, "BLUM-404-001")


def test_figures_of_a_series_of_returns() -> None:
    """Ten up, twenty down, ten up; worked out by hand."""
    returns = [Decimal(text) for text in ("0.1", "-0.2", "0.1")]
    assert chained(returns) == Decimal("0.968") and points(Decimal("0.968")) == Decimal("-3.20")
    # The variance is (0.1² + 0.2² + 0.1²) / 2 = 0.03 about a mean of 0; a year has 252 of them: 7.56.
    assert round(deviation(returns) ** 2, 9) == Decimal("7.56")
    days = [date(2022, 6, day) for day in (1, 2, 3)]
    risk = risk_of(days, returns, [each / 2 for each in returns])
    assert (risk.max_drawdown, risk.max_drawdown_on) == (Decimal("-20.00"), days[1])
    assert (risk.beta, risk.sharpe) == (Decimal("2.00"), Decimal("0.00"))
    assert annualized(Decimal("1.21"), 730) == Decimal("10.00")
    assert annualized(Decimal("1.21"), 100) == Decimal("21.00")  # not blown up


def test_an_amount_is_split_to_the_cent_and_nothing_is_lost() -> None:
    thirds = split(Decimal("10.00"), dict.fromkeys("abc", Decimal(1)))
    assert thirds == {"a": Decimal("3.33"), "b": Decimal("3.33"), "c": Decimal("3.34")}
    assert split(Decimal("0.05"), {"only": Decimal(0)}) == {"only": Decimal("0.05")}


def test_the_three_belong_to_the_wealth_product() -> None:
    for about in ("summary", "holdings", "performance"):
        assert route_of(f"/v1/wealth/accounts/a%2Fb/portfolios/p%2F1/{about}") == Route(about, False, "a/b", "p/1")
        assert Route(about, False).wealth
