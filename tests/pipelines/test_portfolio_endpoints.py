"""Holdings, summary and performance of a portfolio: what lands of their answers, and what leads to them."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from helpers.faulty import running
from pydantic import ValidationError

from pipelines.api.endpoints import ENDPOINTS, LASTING, path_of, without
from pipelines.api.engine import client_of
from pipelines.destination.warehouse import Warehouse
from pipelines.night.backfill import Window, plan
from pipelines.night.sync import Sync
from pipelines.settings import Optional, Settings
from sandbox.server import Options

Landed = Any
WINDOW = {"start_date": "2024-03-01", "end_date": "2025-01-15"}


def test_holdings_land_with_cash_totals_and_a_row_each(landed: Landed) -> None:
    body = {
        "portfolio_id": "port_1",
        "currency": "USD",
        "as_of": "2025-01-15T21:30:00Z",
        "cash": {"balance": "1000.00", "available": "900.00", "reserved": "100.00"},
        "holdings": [
            {
                "position_id": "pos_1",
                "asset_id": "asset_vti",
                "symbol": "VTI",
                "name": "Total market fund",
                "asset_class": "equities",
                "sector": "diversified",
                "quantity": "10.000000000000000001",
                "average_cost_basis": "400.00",
                "total_cost_basis": "4000.00",
                "current_price": "440.00",
                "market_value": "4400.00",
                "unrealized_pl": "400.00",
                "unrealized_pl_percent": "10.00",
                "weight_percent": "81.48",
            },
            {"symbol": "AGG", "quantity": "-1"},
        ],
        "totals": {"total_value": "5400.00", "total_cost_basis": "4000.00"},
    }
    landed.answer("holdings", body, portfolio_id="port_1", refresh_prices="true")
    where = {"account_id": "acc_1", "portfolio_id": "port_1"}
    (head,) = landed.rows("portfolio_holdings")
    assert head.pop("valued_at").isoformat() == "2025-01-15T21:30:00+00:00"
    assert head == {
        **where,
        "currency": "USD",
        "cash_balance": Decimal(1000),
        "cash_available": Decimal(900),
        "cash_reserved": Decimal(100),
        "total_value": Decimal(5400),
        "total_cost_basis": Decimal(4000),
    }
    first, second = landed.rows("holdings")
    assert first["quantity"] == Decimal("10.000000000000000001")
    assert (first["symbol"], first["sector"], first["weight_percent"]) == ("VTI", "diversified", Decimal("81.48"))
    assert second == {**where, "item_number": 2, "symbol": "AGG", "quantity": Decimal(-1)}
    assert landed.quarantine == landed.new_fields == []


def test_a_holding_that_cannot_be_read_waits_and_its_neighbours_land(landed: Landed) -> None:
    body = {
        "currency": "USD",
        "holdings": [{"symbol": "VTI", "quantity": "ten"}, {"symbol": "AGG", "quantity": "1", "lots": []}],
    }
    landed.answer("holdings", body, portfolio_id="port_1")
    assert [row["symbol"] for row in landed.rows("holdings")] == ["AGG"]
    assert landed.quarantine == [("holdings", "quantity", "not a decimal number")]
    assert landed.new_fields == [("holdings", "lots")]


@pytest.mark.parametrize("held", [[], [{"symbol": "VOO", "quantity": "1"}]])
def test_holdings_without_cash_or_totals_are_an_answer(landed: Landed, held: list[dict[str, str]]) -> None:
    parsed = landed.answer("holdings", {"portfolio_id": "port_1", "holdings": held}, "acc_1", "port_1")
    assert not parsed.quarantined
    assert landed.rows("portfolio_holdings") == [{"account_id": "acc_1", "portfolio_id": "port_1"}]
    assert len(landed.rows("holdings")) == len(held)


@pytest.mark.parametrize("body", [{"cash": {"balance": "1000.00"}}, {"cash": {"balance": "1000.00"}, "holdings": None}])
def test_holdings_that_are_not_told_are_not_taken_for_none(landed: Landed, body: dict[str, object]) -> None:
    landed.answer("holdings", body, "acc_1", "port_1")
    assert landed.quarantine == [("holdings", "holdings", "missing, where a list is always told")]
    assert len(landed.rows("portfolio_holdings")) == 1


@pytest.mark.parametrize("shares", [[], "none"])
def test_shares_in_another_shape_than_an_object_wait_in_quarantine(landed: Landed, shares: object) -> None:
    landed.answer("summary", {"valuation": {"total_value": "1"}, "allocation": shares}, portfolio_id="port_1")
    assert set(landed.quarantine) == {("portfolio_summary_shares", "allocation", "expected an object")}
    assert len(landed.rows("portfolio_summaries")) == 1


def test_a_position_that_is_held_twice_in_one_answer_lands_once(landed: Landed) -> None:
    held = [{"symbol": "VOO"}, {"position_id": "pos_1", "symbol": "VTI"}, {"position_id": "pos_1", "symbol": "VTI"}]
    parsed = landed.answer("holdings", {"holdings": [*held, {"symbol": "VOO"}]}, "acc_1", "port_1")
    assert [row["symbol"] for row in landed.rows("holdings")] == ["VOO", "VTI", "VOO"]
    assert [piece.reason for piece in parsed.quarantined] == ["position_id stands twice in one answer"]


def test_a_summary_lands_with_its_shares_by_class_and_by_sector(landed: Landed) -> None:
    body = {
        "portfolio_id": "port_1",
        "name": "Core",
        "valuation": {"total_value": "60000.00", "cash_value": "3000.00", "unrealized_gain_loss_percent": "14.00"},
        "allocation": {
            "by_asset_class": [{"asset_class": "equities", "value": "40200.00", "percent": "67.00"}],
            "by_sector": [{"sector": "technology", "value": "12000.00", "percent": "20.00"}],
        },
        "rebalancing_status": {"needs_rebalancing": True, "next_scheduled": "2025-04-01", "max_deviation_percent": "7"},
        "strategy_application": None,
        "linked_goals": [{"goal_id": "goal_5", "name": "Retire early"}],
    }
    landed.answer("summary", body, portfolio_id="port_1")
    where = {"account_id": "acc_1", "portfolio_id": "port_1"}
    assert landed.rows("portfolio_summaries") == [
        {
            **where,
            "name": "Core",
            "total_value": Decimal(60000),
            "cash_value": Decimal(3000),
            "unrealized_gain_loss_percent": Decimal(14),
            "needs_rebalancing": True,
            "next_scheduled": date(2025, 4, 1),
            "max_deviation_percent": Decimal(7),
            "linked_goals": '[{"goal_id":"goal_5","name":"Retire early"}]',
        }
    ]
    by_class, by_sector = landed.rows("portfolio_summary_shares")
    assert (by_class["breakdown"], by_class["asset_class"], by_class["value"]) == (
        "by_asset_class",
        "equities",
        Decimal(40200),
    )
    assert (by_sector["breakdown"], by_sector["sector"], by_sector["percent"]) == ("by_sector", "technology", Decimal(20))
    assert landed.quarantine == landed.new_fields == []


@pytest.mark.parametrize(
    "series",
    [
        {"value_history": [{"date": "2025-01-14", "value": "99.5"}, {"date": "2025-01-15", "value": "100"}]},
        {"balance_history": {"dates": ["2025-01-14", "2025-01-15"], "values": ["99.5", 100]}},
        {"value_history": [], "balance_history": {"dates": ["2025-01-14", "2025-01-15"], "values": ["99.5", 100]}},
    ],
    ids=["value_history", "balance_history", "an empty value_history beside it"],
)
def test_a_performance_report_lands_under_the_window_asked_for_with_its_series(
    landed: Landed, series: dict[str, object]
) -> None:
    body = {
        "portfolio_id": "port_1",
        "period": {"start_date": "2024-03-01", "end_date": "2025-01-15", "label": "custom"},
        "returns": {"time_weighted_return": "13.10", "total_return": "7000.00"},
        "risk_metrics": {"sharpe_ratio": "0.91", "max_drawdown": "-6.30", "max_drawdown_date": "2024-08-12"},
        "period_breakdown": {"starting_value": "45000.00", "net_contributions": "8000.00", "net_withdrawals": "0"},
        **series,
    }
    landed.answer("performance", body, portfolio_id="port_1", **WINDOW)
    (report,) = landed.rows("performance_reports")
    assert (report["start_date"], report["end_date"]) == (date(2024, 3, 1), date(2025, 1, 15))
    assert (report["time_weighted_return"], report["total_return"]) == (Decimal("13.10"), Decimal(7000))
    assert (report["net_contributions"], report["net_withdrawals"]) == (Decimal(8000), Decimal(0))
    points = [(row["item_number"], row["value_date"], row["value"]) for row in landed.rows("performance_values")]
    assert points == [(1, date(2025, 1, 14), Decimal("99.5")), (2, date(2025, 1, 15), Decimal(100))]
    assert landed.quarantine == landed.new_fields == []


@pytest.mark.parametrize("series", [{"dates": ["2025-01-14"], "values": []}, {"dates": {}, "values": []}, [1]])
def test_a_series_whose_dates_do_not_match_its_values_is_quarantined_whole(landed: Landed, series: object) -> None:
    landed.answer("performance", {"period": {"label": "custom"}, "balance_history": series}, portfolio_id="port_1", **WINDOW)
    reason = "expected dates and values, as many of one as of the other"
    assert landed.quarantine == [("performance_values", "balance_history", reason)]
    assert len(landed.rows("performance_reports")) == 1


def test_missed_performance_is_asked_for_the_portfolios_that_miss_it(landed_on: Callable[..., Landed]) -> None:
    landed = landed_on(missed_performance={"port_1": (date(2025, 1, 14),)})
    parsed = landed.answer("portfolios", {"portfolios": [{"portfolio_id": "port_1"}, {"portfolio_id": "port_2"}]})
    asked = [(r.portfolio_id, r.params["end_date"]) for r in parsed.follow_ups if r.endpoint == "performance_backfill"]
    assert asked == [("port_1", "2025-01-14")]


@pytest.mark.parametrize("endpoint", ["holdings", "summary", "performance"])
def test_each_lives_below_its_portfolio_on_both_surfaces(endpoint: str, landed: Landed) -> None:
    (request,) = (
        request
        for request in landed.answer("portfolios", [{"portfolio_id": "a/b"}]).follow_ups
        if request.endpoint == endpoint
    )
    path = f"/wealth/accounts/acc_1/portfolios/a%2Fb/{endpoint}"
    assert path_of(request, "accounts")[0] == path_of(request, "investors")[0] == path


def test_what_can_be_left_out_are_endpoints_and_the_rest_follow_from_others() -> None:
    followers = {"accounts", "position", "investment_policy_version", "pnl_backfill", "performance_backfill"}
    assert {*Optional.__args__} == ENDPOINTS.keys() - followers
    assert {"pnl", "pnl_backfill", "performance", "performance_backfill"} == LASTING
    assert ENDPOINTS.keys() - without({"performance", "summary"}) == {"performance", "performance_backfill", "summary"}


def test_an_endpoint_that_there_is_not_cannot_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLUUM_LEAVE_OUT", "summary, balances")
    with pytest.raises(ValidationError, match="investment_policy"):
        Settings(_env_file=None)
    monkeypatch.setenv("BLUUM_LEAVE_OUT", "summary, performance")
    assert Settings(_env_file=None).leave_out == {"summary", "performance"}


def _settings(sandbox: Any, folder: Path, **more: Any) -> Settings:
    pair = {"api_key": sandbox.key, "BLUUM_API_SECRET": sandbox.secret, "BLUUM_BASE_URL": sandbox.base_url}
    return Settings(_env_file=None, **pair, data_dir=folder, rate_limit=0, **more)


async def _run(settings: Settings, work: Callable[[Sync], Any] = Sync.run) -> Sync:
    async with client_of(settings) as client:
        run = Sync(settings, client, Warehouse.of(settings), "run")
        await work(run)
        return run


def test_what_is_left_out_is_neither_asked_nor_planned_nor_missed(tmp_path: Path) -> None:
    with running(Options(accounts=4, rate_limit=0)) as sandbox:
        run = asyncio.run(_run(_settings(sandbox, tmp_path, leave_out={"performance", "pnl", "portfolios"})))
        asked = {entry.endpoint for entry in sandbox.requests.entries}
    assert asked - {"position"} == {"accounts", "positions", "investment_policy"}
    night_of_it = run.progress.as_of_date
    assert night_of_it
    assert not run.warehouse.standing(night_of_it).missing
    planned = {request.endpoint for request in run.warehouse.planned(night_of_it)}
    assert planned - {"position"} == {"positions", "investment_policy", "investment_policy_version"}


def test_what_failed_and_is_left_out_since_is_not_missed(tmp_path: Path) -> None:
    with running(Options(accounts=4, rate_limit=0)) as sandbox:
        sandbox.faults.set([{"kind": "status", "status": 400, "endpoint": "summary"}])
        run = asyncio.run(_run(_settings(sandbox, tmp_path)))
    night = run.progress.as_of_date
    assert night
    assert {request.endpoint for request in run.warehouse.standing(night).missing} == {"summary"}
    assert not run.warehouse.standing(night, left_out={"summary"}).missing


def test_a_backfill_asks_what_it_names_though_it_is_left_out(tmp_path: Path) -> None:
    with running(Options(accounts=4, rate_limit=0)) as sandbox:
        settings = _settings(sandbox, tmp_path, leave_out={"pnl"})
        run = asyncio.run(_run(settings))
        night = run.progress.as_of_date
        assert night
        requests = plan(run.warehouse, Window(night - timedelta(days=4), night)).requests
        sandbox.requests.clear()
        asyncio.run(_run(settings, lambda other: other.fill(requests)))
        assert len(requests) == len([entry for entry in sandbox.requests.entries if entry.endpoint == "pnl"]) > 4


def test_the_performance_of_a_portfolio_that_is_gone_is_not_missed(tmp_path: Path) -> None:
    """One account lists none on the second night; after a gap only the others' reports are asked for."""
    with running(Options(accounts=4, rate_limit=0)) as sandbox:
        settings = _settings(sandbox, tmp_path)
        asyncio.run(_run(settings))
        gone = next(account for account in sandbox.world.accounts if account.portfolios)
        sandbox.clock.to_night(date(2022, 6, 16))
        sandbox.faults.set(
            [
                {
                    "kind": "replace",
                    "endpoint": "portfolios",
                    "account": gone.account_id,
                    "pointer": "/portfolios",
                    "raw": "[]",
                }
            ]
        )
        run = asyncio.run(_run(settings))
        missed = run.warehouse.missed_performance(date(2022, 6, 20), 500, frozenset())
    assert missed
    assert not {portfolio.portfolio_id for portfolio in gone.portfolios} & missed.keys()
