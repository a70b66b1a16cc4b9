"""The sample bodies of the published pages, field by field, and what each answer leads to."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.api.endpoints import Request, path_of, pnl_request, roster

ACCOUNT = "3d0b0e65-35d3-4dcd-8df7-10286ebb4b4b"
IPS = "ips_a1b2c3d4e5f6"
Landed = Any
LandedOn = Callable[..., Landed]


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


# ------------------------------------------------------------------ the five samples


def test_the_rebalancing_sample_lands_whole(landed: Landed) -> None:
    parsed = landed.answer("rebalancing", landed.sample("rebalancing"), ACCOUNT, "port_a1b2c3d4e5f6")
    where = {"account_id": ACCOUNT, "portfolio_id": "port_a1b2c3d4e5f6"}
    assert landed.rows("rebalancing") == [
        {
            **where,
            "rebalancing_reason": "allocation_drift",
            "analysis_timestamp": at("2025-01-15 16:00:00"),
            "last_rebalanced_at": at("2024-10-01 10:00:00"),
            "needs_rebalancing": True,
            "estimated_short_term_gains": Decimal("500.00"),
            "estimated_long_term_gains": Decimal("1200.00"),
            "harvestable_losses": Decimal("300.00"),
            "tax_loss_harvesting_available": True,
        }
    ]
    assert landed.rows("rebalancing_allocations") == [
        {
            **where,
            "asset_class": "equities",
            "target": Decimal("50.00"),
            "actual": Decimal("58.00"),
            "drift": Decimal("8.00"),
        },
        {
            **where,
            "asset_class": "fixed_income",
            "target": Decimal("25.00"),
            "actual": Decimal("22.00"),
            "drift": Decimal("-3.00"),
        },
        {
            **where,
            "asset_class": "treasury",
            "target": Decimal("20.00"),
            "actual": Decimal("17.00"),
            "drift": Decimal("-3.00"),
        },
        {
            **where,
            "asset_class": "alternatives",
            "target": Decimal("5.00"),
            "actual": Decimal("3.00"),
            "drift": Decimal("-2.00"),
        },
    ]
    assert landed.rows("rebalancing_trades") == [
        {
            **where,
            "trade_number": 1,
            "action": "sell",
            "symbol": "VTI",
            "asset_class": "equities",
            "quantity": Decimal("25.00"),
            "notional": Decimal("5625.00"),
            "reason": "Reduce equity overweight",
        },
        {
            **where,
            "trade_number": 2,
            "action": "buy",
            "symbol": "BND",
            "asset_class": "fixed_income",
            "quantity": Decimal("30.00"),
            "notional": Decimal("2340.00"),
            "reason": "Increase fixed income allocation",
        },
    ]
    assert parsed.follow_ups == ()
    assert landed.tables == {
        "responses": 1,
        "rebalancing": 1,
        "rebalancing_allocations": 4,
        "rebalancing_trades": 2,
    }


def test_the_rebalancing_analysis_of_the_schema_has_a_currency_and_may_have_never_been_rebalanced(landed: Landed) -> None:
    body = {"portfolio_id": "p", "currency": "NGN", "needs_rebalancing": False, "last_rebalanced_at": None}
    landed.answer("rebalancing", body, ACCOUNT, "p")
    assert landed.rows("rebalancing") == [
        {"account_id": ACCOUNT, "portfolio_id": "p", "currency": "NGN", "needs_rebalancing": False}
    ]


def test_the_pnl_sample_lands_whole_under_the_window_that_was_asked(landed: Landed) -> None:
    parsed = landed.answer("pnl", landed.sample("pnl"), ACCOUNT, start_date="2023-12-31", end_date="2025-01-15")
    where = {"account_id": ACCOUNT, "start_date": date(2023, 12, 31), "end_date": date(2025, 1, 15)}
    assert landed.rows("pnl_reports") == [
        {
            **where,
            "reported_start_date": date(2024, 1, 1),
            "reported_end_date": date(2024, 12, 31),
            "total_pnl": Decimal("25000.00"),
            "realized_pnl": Decimal("10000.00"),
            "unrealized_pnl": Decimal("15000.00"),
            "dividend_income": Decimal("3000.00"),
            "interest_income": Decimal("500.00"),
            "fees_paid": Decimal("300.00"),
            "short_term_gains": Decimal("3000.00"),
            "short_term_losses": Decimal("-500.00"),
            "long_term_gains": Decimal("8000.00"),
            "long_term_losses": Decimal("-500.00"),
            "net_realized": Decimal("10000.00"),
        }
    ]

    def position(number: int, symbol: str, realized: str, unrealized: str, dividends: str) -> dict[str, object]:
        figures = {
            "realized_pnl": Decimal(realized),
            "unrealized_pnl": Decimal(unrealized),
            "dividend_income": Decimal(dividends),
        }
        return {**where, "item_number": number, "symbol": symbol, **figures}

    assert landed.rows("pnl_by_position") == [
        position(1, "AAPL", "2500.00", "5000.00", "500.00"),
        position(2, "VTI", "4000.00", "8000.00", "1500.00"),
        position(3, "BND", "500.00", "2000.00", "1000.00"),
    ]
    assert landed.rows("pnl_by_asset_class") == [
        {**where, "item_number": 1, "asset_class": "equities", "pnl": Decimal("20000.00"), "pnl_percent": Decimal("15.00")},
        {
            **where,
            "item_number": 2,
            "asset_class": "fixed_income",
            "pnl": Decimal("5000.00"),
            "pnl_percent": Decimal("8.00"),
        },
    ]
    assert parsed.follow_ups == ()
    assert landed.tables == {"responses": 1, "pnl_reports": 1, "pnl_by_position": 3, "pnl_by_asset_class": 2}


def test_the_policy_sample_lands_whole_and_leads_to_the_versions_nobody_holds(landed: Landed) -> None:
    parsed = landed.answer("investment_policy", landed.sample("investment_policy"), ACCOUNT, include_history="true")
    where = {"account_id": ACCOUNT, "ips_id": "ips_a1b2c3d4e5f6"}
    assert landed.rows("policy_versions") == [
        {
            **where,
            "version": 3,
            "status": "active",
            "effective_date": date(2025, 1, 15),
            "created_at": at("2023-01-01 10:00:00"),
            "updated_at": at("2025-01-15 10:00:00"),
            "risk_tolerance": "moderate",
            "risk_score": 6,
            "horizon_years": "15",
            "horizon_category": "long_term",
            "primary_objective": "capital_appreciation",
            "rebalancing_frequency": "quarterly",
            "threshold_percent": Decimal("5.00"),
        }
    ]

    def band(name: str, target: str, low: str, high: str) -> dict[str, object]:
        points = {"target_percent": Decimal(target), "min_percent": Decimal(low), "max_percent": Decimal(high)}
        return {**where, "version": 3, "asset_class": name, **points}

    assert landed.rows("policy_targets") == [
        band("equities", "50.00", "40.00", "60.00"),
        band("fixed_income", "25.00", "20.00", "30.00"),
        band("treasury", "20.00", "15.00", "25.00"),
        band("alternatives", "5.00", "0.00", "10.00"),
    ]
    assert landed.rows("policy_terms") == [
        {**where, "version": 3, "term": "secondary", "item_number": 1, "value": "income_generation"}
    ]

    def entry(number: int, effective: date, updated: str) -> dict[str, object]:
        dates = {"effective_date": effective, "updated_at": at(updated)}
        return {**where, "current_version": 3, "item_number": number, "version": number, **dates}

    assert landed.rows("policy_history") == [
        entry(1, date(2023, 1, 1), "2023-01-01 10:00:00"),
        entry(2, date(2024, 1, 1), "2024-01-01 10:00:00"),
        entry(3, date(2025, 1, 15), "2025-01-15 10:00:00"),
    ]
    assert parsed.follow_ups == (
        Request("investment_policy_version", ACCOUNT, params={"version": "1"}),
        Request("investment_policy_version", ACCOUNT, params={"version": "2"}),
    )
    assert [(plan["endpoint"], plan["params"]) for plan in landed.rows("plan")] == [
        ("investment_policy_version", '{"version":"1"}'),
        ("investment_policy_version", '{"version":"2"}'),
    ]
    expected = {"responses": 1, "plan": 2, "policy_versions": 1, "policy_targets": 4, "policy_terms": 1, "policy_history": 3}
    assert landed.tables == expected


def test_the_account_positions_sample_lands_whole(landed: Landed) -> None:
    parsed = landed.answer("positions", landed.sample("account_positions"), ACCOUNT, refresh_prices="true")
    assert landed.rows("positions") == [
        {
            "account_id": ACCOUNT,
            "position_id": "pos_a1b2c3d4e5f6g7h8",
            "symbol": "AAPL",
            "asset_id": "6c5b2403-24a9-4b55-a3dd-5cb1e4b50da6",
            "currency": "USD",
            "quantity": Decimal("10.5"),
            "average_cost_basis": Decimal("175.50"),
            "current_price": Decimal("180.00"),
            "total_cost_basis": Decimal("1842.75"),
            "market_value": Decimal("1890.00"),
            "unrealized_pl": Decimal("47.25"),
            "unrealized_pl_percent": Decimal("2.56"),
            "last_transaction_at": at("2025-01-15 14:30:15"),
            "created_at": at("2025-01-10 10:00:00"),
            "updated_at": at("2025-01-15 14:30:15"),
        },
        {
            "account_id": ACCOUNT,
            "position_id": "pos_b2c3d4e5f6g7h8i9",
            "symbol": "MSFT",
            "asset_id": "7d6c3514-35ba-5c66-b4ee-6dc2f5c61eb7",
            "currency": "USD",
            "quantity": Decimal("5.0"),
            "average_cost_basis": Decimal("350.00"),
            "current_price": Decimal("365.50"),
            "total_cost_basis": Decimal("1750.00"),
            "market_value": Decimal("1827.50"),
            "unrealized_pl": Decimal("77.50"),
            "unrealized_pl_percent": Decimal("4.43"),
            "last_transaction_at": at("2025-01-12 11:20:00"),
            "created_at": at("2025-01-08 09:00:00"),
            "updated_at": at("2025-01-15 16:00:00"),
        },
    ]
    assert parsed.follow_ups == ()
    assert landed.tables == {"responses": 1, "positions": 2}


def test_the_investor_position_sample_stands_under_the_id_it_was_asked_by(landed: Landed) -> None:
    # The published sample repeats the investor's id where the position's belongs.
    investor = "inv_01j9x8m2k7qpzwv3t5r6y8n0ab"
    landed.answer("position", landed.sample("investor_position"), investor, position_id="pos_01h2", refresh_prices="true")
    assert landed.rows("positions") == [
        {
            "account_id": investor,
            "position_id": "pos_01h2",
            "object": "investor",
            "symbol": "AAPL",
            "asset_id": "<string>",
            "class": "equity",
            "country": "us",
            "currency": "USD",
            "quantity": Decimal("10.5"),
            "average_cost_basis": Decimal("175.50"),
            "current_price": Decimal("180.00"),
            "total_cost_basis": Decimal("1842.75"),
            "market_value": Decimal("1890.00"),
            "unrealized_pl": Decimal("47.25"),
            "unrealized_pl_percent": Decimal("2.56"),
            "price_timestamp": at("2023-11-07 05:31:56"),
            "last_transaction_at": at("2023-11-07 05:31:56"),
            "updated_at": at("2023-11-07 05:31:56"),
            "created": 1747776000,
            "livemode": False,
            "metadata": "{}",
        }
    ]
    assert landed.tables == {"responses": 1, "positions": 1}


def test_the_answer_itself_is_logged_as_received(landed: Landed) -> None:
    body = landed.sample("account_positions")
    landed.answer("positions", body, ACCOUNT, refresh_prices="true")
    (response,) = landed.held("responses")
    assert response["body"] == body.decode()
    assert (response["response_id"], response["answer_id"], response["as_of_date"]) == ("r1", "r1", date(2025, 1, 15))
    assert (response["endpoint"], response["params"], response["row_count"]) == ("positions", '{"refresh_prices":"true"}', 2)
    assert (response["status"], response["outcome"], response["request_id"]) == (200, "ok", "req_1")
    assert {row["response_id"] for row in landed.held("positions")} == {"r1"}


# ------------------------------------------------------------------ fields that only some answers have


def test_a_policy_with_every_optional_part(landed: Landed) -> None:
    body = {
        "ips_id": "ips_1",
        "account_id": ACCOUNT,
        "version": 1,
        "risk_profile": {"risk_tolerance": "moderately_aggressive", "risk_score": 87, "volatility_tolerance": "high"},
        "time_horizon": {"years": 20, "category": "long_term"},
        "investment_objectives": {
            "primary": "income",
            "secondary": ["tax_efficiency", "capital_preservation"],
            "target_annual_return": "6.5",
        },
        "target_allocation": {
            "stocks": {
                "target_percent": "60",
                "min_percent": "50",
                "max_percent": "70",
                "sub_allocations": {"us_large_cap": "40.00", "international": "20.00"},
            },
            "bonds": {"target_percent": "40", "min_percent": "30", "max_percent": "50"},
        },
        "constraints": {
            "rebalancing_policy": {"frequency": "annual", "threshold_percent": "2.50", "tax_aware": True},
            "liquidity_requirements": {"minimum_cash_percent": "3.00", "emergency_fund_months": 4},
            "tax_considerations": {"tax_loss_harvesting": True, "tax_bracket": "24", "prefer_tax_advantaged": False},
            "restrictions": {
                "excluded_sectors": ["tobacco", "gambling"],
                "excluded_securities": ["XYZ"],
                "no_individual_stocks": False,
                "esg_screening": True,
                "esg_criteria": ["climate"],
            },
        },
        "effective_date": "2025-01-01",
        "status": "active",
        "created_at": "2025-01-01T00:00:00.123Z",
        "updated_at": "2025-01-01T00:00:00.123456Z",
    }
    parsed = landed.answer("investment_policy", body, ACCOUNT, include_history="true")
    (version,) = landed.rows("policy_versions")
    assert version == {
        "account_id": ACCOUNT,
        "ips_id": "ips_1",
        "version": 1,
        "status": "active",
        "effective_date": date(2025, 1, 1),
        "created_at": datetime(2025, 1, 1, 0, 0, 0, 123000, tzinfo=UTC),
        "updated_at": datetime(2025, 1, 1, 0, 0, 0, 123456, tzinfo=UTC),
        "risk_tolerance": "moderately_aggressive",
        "risk_score": 87,
        "volatility_tolerance": "high",
        "horizon_years": "20",
        "horizon_category": "long_term",
        "primary_objective": "income",
        "target_annual_return": Decimal("6.5"),
        "rebalancing_frequency": "annual",
        "threshold_percent": Decimal("2.5"),
        "tax_aware": True,
        "minimum_cash_percent": Decimal(3),
        "emergency_fund_months": 4,
        "tax_loss_harvesting": True,
        "tax_bracket": Decimal(24),
        "prefer_tax_advantaged": False,
        "no_individual_stocks": False,
        "esg_screening": True,
    }
    subs = [
        (row["asset_class"], row["sub_allocation"], row["target_percent"]) for row in landed.rows("policy_sub_allocations")
    ]
    assert subs == [("stocks", "us_large_cap", Decimal(40)), ("stocks", "international", Decimal(20))]
    assert [(row["term"], row["item_number"], row["value"]) for row in landed.rows("policy_terms")] == [
        ("secondary", 1, "tax_efficiency"),
        ("secondary", 2, "capital_preservation"),
        ("excluded_sectors", 1, "tobacco"),
        ("excluded_sectors", 2, "gambling"),
        ("excluded_securities", 1, "XYZ"),
        ("esg_criteria", 1, "climate"),
    ]
    assert (parsed.follow_ups, landed.new_fields, landed.quarantine) == ((), [], [])


def test_a_policy_whose_targets_are_not_told_waits_for_them_in_quarantine(landed: Landed) -> None:
    policy = {"ips_id": "ips_1", "account_id": "acc_1", "version": 1, "status": "active"}
    landed.answer("investment_policy", policy)
    landed.answer("investment_policy", {**policy, "version": 2, "target_allocation": {}})
    assert landed.quarantine == [("policy_targets", "target_allocation", "missing, where an object is always told")]
    assert [row["version"] for row in landed.rows("policy_versions")] == [1, 2]


def test_refreshed_prices_say_where_they_come_from(landed: Landed) -> None:
    body = [
        {
            "id": "pos_1",
            "symbol": "VTI",
            "price_source": "ALPACA",
            "price_confidence": "REAL_TIME",
            "price_timestamp": "2025-10-18T10:30:00Z",
        }
    ]
    landed.answer("positions", body)
    (row,) = landed.rows("positions")
    assert (row["price_source"], row["price_confidence"]) == ("ALPACA", "REAL_TIME")
    assert row["price_timestamp"] == at("2025-10-18 10:30:00")


def test_portfolios_land_and_each_leads_to_what_is_asked_of_it(landed: Landed) -> None:
    listed = {
        "portfolio_id": "port_1",
        "name": "Core",
        "currency": "USD",
        "status": "active",
        "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-02T00:00:00Z",
    }
    parsed = landed.answer("portfolios", {"portfolios": [listed, {"id": "port_2", "status": "paused"}]})
    assert landed.rows("portfolios") == [
        {
            "account_id": "acc_1",
            "portfolio_id": "port_1",
            "name": "Core",
            "currency": "USD",
            "status": "active",
            "created_at": at("2025-01-01 00:00:00"),
            "updated_at": at("2025-01-02 00:00:00"),
        },
        {"account_id": "acc_1", "portfolio_id": "port_2", "status": "paused"},
    ]
    prices = {"refresh_prices": "true"}
    assert parsed.follow_ups == tuple(
        Request(endpoint, "acc_1", portfolio, params)
        for portfolio, opened in (("port_1", "2024-12-31"), ("port_2", "2000-01-01"))  # midnight in Greenwich, the eve here
        for endpoint, params in (
            ("rebalancing", {}),
            ("holdings", prices),
            ("summary", prices),
            ("performance", {"start_date": opened, "end_date": "2025-01-15"}),
        )
    )


def test_an_account_of_the_older_surface_and_all_it_leads_to(landed: Landed) -> None:
    body = [
        {
            "id": "acc_9",
            "account_number": "912345678901",
            "status": "ACTIVE",
            "crypto_status": "INACTIVE",
            "currency": "USD",
            "balance": "2450.75",
            "last_equity": "0",
            "created_at": "2024-03-02T04:30:00.123456Z",  # still 1 March in New York
            "account_type": "individual",
            "management_type": "advised",
            "tax_advantaged": True,
            "tax_designation": "roth_ira",
            "trading_type": "margin",
            "trading_configurations": {"dtbp_check": "entry", "max_margin_multiplier": 4.0},
            "enabled_assets": ["us_equity", "bonds"],
            "portfolios": [{"id": "port_1", "status": "active"}],
        }
    ]
    parsed = landed.answer("accounts", body, None)
    assert landed.rows("accounts") == [
        {
            "account_id": "acc_9",
            "account_number_last4": "8901",
            "status": "ACTIVE",
            "crypto_status": "INACTIVE",
            "currency": "USD",
            "account_type": "individual",
            "management_type": "advised",
            "tax_designation": "roth_ira",
            "trading_type": "margin",
            "balance": Decimal("2450.75"),
            "last_equity": Decimal(0),
            "tax_advantaged": True,
            "trading_configurations": '{"dtbp_check":"entry","max_margin_multiplier":4.0}',
            "created_at": datetime(2024, 3, 2, 4, 30, 0, 123456, tzinfo=UTC),
            "opened_on": date(2024, 3, 1),
        }
    ]
    assert landed.rows("account_enabled_assets") == [
        {"account_id": "acc_9", "item_number": 1, "enabled_asset": "us_equity"},
        {"account_id": "acc_9", "item_number": 2, "enabled_asset": "bonds"},
    ]
    assert landed.rows("account_portfolios") == [
        {"account_id": "acc_9", "item_number": 1, "portfolio_id": "port_1", "status": "active"}
    ]
    assert [(request.endpoint, dict(request.params)) for request in parsed.follow_ups] == [
        ("positions", {"refresh_prices": "true"}),
        ("portfolios", {}),
        ("investment_policy", {"include_history": "true"}),
        ("pnl", {"start_date": "2024-03-01", "end_date": "2025-01-15"}),
    ]


def test_an_investor_of_the_newer_surface_and_all_it_leads_to(landed_on: LandedOn) -> None:
    landed = landed_on("investors", refresh_prices=False)
    item = {
        "id": "inv_1",
        "object": "investor",
        "created": 1709267400,  # 2024-03-01 04:30 UTC: 29 February in New York
        "livemode": True,
        "status": "active",
        "currency": "USD",
        "balance": "10.10",
        "buying_power": "20.20",
        "cash_withdrawable": "5.05",
        "last_equity": "9.99",
        "portfolios": [],
    }
    parsed = landed.answer("accounts", {"object": "list", "url": "/v1/investors", "has_more": False, "data": [item]}, None)
    assert landed.rows("accounts") == [
        {
            "account_id": "inv_1",
            "object": "investor",
            "status": "active",
            "currency": "USD",
            "balance": Decimal("10.10"),
            "last_equity": Decimal("9.99"),
            "buying_power": Decimal("20.20"),
            "cash_withdrawable": Decimal("5.05"),
            "livemode": True,
            "created": 1709267400,
            "opened_on": date(2024, 2, 29),
        }
    ]
    assert [(request.endpoint, dict(request.params)) for request in parsed.follow_ups] == [
        ("positions", {"refresh_prices": "false", "limit": "200", "offset": "0"}),
        ("portfolios", {}),
        ("investment_policy", {"include_history": "true"}),
        ("pnl", {"start_date": "2024-02-29", "end_date": "2025-01-15"}),
    ]


@pytest.mark.parametrize(
    ("member", "value", "start"),
    [
        ("created", 1709267400000, "2024-02-29"),  # some samples count milliseconds
        ("created", None, "2000-01-01"),
        ("created", "soon", "2000-01-01"),
        ("created", -5, "2000-01-01"),
        ("created", 10**18, "2000-01-01"),
        ("created_at", "2031-05-05T12:00:00Z", "2025-01-15"),  # opened after tonight, says a clock that is wrong
        ("created_at", "", "2000-01-01"),
        ("nothing", "", "2000-01-01"),
    ],
)
def test_the_report_starts_on_the_day_the_account_opened_if_that_is_known(
    landed: Landed, member: str, value: object, start: str
) -> None:
    parsed = landed.answer("accounts", [{"id": "acc_1", member: value}], None)
    (pnl,) = (request for request in parsed.follow_ups if request.endpoint == "pnl")
    assert pnl.params == {"start_date": start, "end_date": "2025-01-15"}


# ------------------------------------------------------------------ what an answer leads to


@pytest.mark.parametrize(
    ("confidence", "asked_again"),
    [
        ("STALE", ["pos_1"]),
        ("UNAVAILABLE", ["pos_1"]),
        ("END_OF_DAY", []),
        ("REAL_TIME", []),
        ("DELAYED", []),
        (None, []),
        ("A_WORD_OF_TOMORROW", []),
        ({"is": "odd"}, []),
    ],
)
def test_a_position_with_a_doubtful_price_is_asked_for_once_more(
    landed: Landed, confidence: object, asked_again: list[str]
) -> None:
    parsed = landed.answer("positions", [{"id": "pos_1", "price_confidence": confidence}])
    assert [request.params["position_id"] for request in parsed.follow_ups] == asked_again


@pytest.mark.parametrize("name", ["id", "portfolio_id"])
def test_the_portfolios_of_a_roster_are_named_by_either_word(landed: Landed, name: str) -> None:
    landed.answer("accounts", [{"id": "acc_1", "portfolios": [{name: "port_1", "status": "active"}]}], None)
    row = {"account_id": "acc_1", "item_number": 1, "portfolio_id": "port_1", "status": "active"}
    assert landed.rows("account_portfolios") == [row]
    assert b"port_1" in landed.rows("responses")[0]["body"].encode()


def test_an_account_without_a_name_is_no_account(landed: Landed) -> None:
    parsed = landed.answer("accounts", [{"id": "", "status": "ACTIVE"}], None)
    assert landed.rows("accounts") == []
    assert [(piece.field, piece.value) for piece in parsed.quarantined] == [("id", None)]


def test_a_position_asked_for_by_itself_is_not_asked_for_again(landed: Landed) -> None:
    parsed = landed.answer("position", {"id": "pos_1", "price_confidence": "STALE"}, position_id="pos_1")
    assert parsed.follow_ups == ()


@pytest.mark.parametrize("body", [{"id": "pos_1", "object": "position"}, {"object": "list", "data": []}, {}, []])
def test_a_position_of_which_nothing_is_told_is_no_position(landed: Landed, body: object) -> None:
    parsed = landed.answer("position", body, position_id="pos_1")
    assert landed.rows("positions") == []
    assert [piece.reason for piece in parsed.quarantined] == ["no member that this table knows"]


def test_versions_that_are_held_are_not_asked_again(landed_on: LandedOn) -> None:
    landed = landed_on(
        held_policies=frozenset({(ACCOUNT, IPS, 1), ("somebody else", IPS, 2), (ACCOUNT, "an earlier policy", 2)})
    )
    parsed = landed.answer("investment_policy", landed.sample("investment_policy"), ACCOUNT)
    assert [request.params["version"] for request in parsed.follow_ups] == ["2"]


def test_a_new_policy_that_counts_from_one_again_is_asked_for_its_versions(landed_on: LandedOn) -> None:
    landed = landed_on(held_policies=frozenset({(ACCOUNT, "an earlier policy", 1), (ACCOUNT, "an earlier policy", 2)}))
    parsed = landed.answer("investment_policy", landed.sample("investment_policy"), ACCOUNT)
    assert {request.params["version"] for request in parsed.follow_ups} == {"1", "2"}


def test_an_old_version_leads_nowhere_even_if_it_shows_a_history(landed: Landed) -> None:
    parsed = landed.answer("investment_policy_version", landed.sample("investment_policy"), ACCOUNT, version="3")
    assert parsed.follow_ups == ()
    assert len(landed.rows("policy_history")) == 3


@pytest.mark.parametrize("status", ["CLOSED", "closed", "Closed"])
def test_a_closed_account_is_asked_until_a_night_has_seen_it_closed(landed_on: LandedOn, status: str) -> None:
    body = [{"id": "gone", "status": status}, {"id": "open", "status": "ACTIVE"}]
    first = landed_on().answer("accounts", body, None)
    later = landed_on(closed_before=frozenset({"gone", "open"})).answer("accounts", body, None)
    assert {request.account_id for request in first.follow_ups} == {"gone", "open"}
    assert {request.account_id for request in later.follow_ups} == {"open"}  # open again, if it ever was closed


@pytest.mark.parametrize("status", ["SUSPENDED", "PENDING_APPROVAL", "a status of tomorrow", None])
def test_every_account_is_asked_whatever_its_status(landed: Landed, status: str | None) -> None:
    parsed = landed.answer("accounts", [{"id": "acc_1", "status": status}], None)
    assert len(parsed.follow_ups) == 4


def test_missed_reports_are_asked_for_the_accounts_that_miss_them(landed_on: LandedOn) -> None:
    landed = landed_on(missed_pnl={"acc_1": (date(2025, 1, 14), date(2025, 1, 13))})
    body = [{"id": "acc_1", "created_at": "2025-01-14T15:00:00Z"}, {"id": "acc_2"}]
    parsed = landed.answer("accounts", body, None)
    assert [(r.account_id, dict(r.params)) for r in parsed.follow_ups if r.endpoint == "pnl_backfill"] == [
        ("acc_1", {"start_date": "2025-01-14", "end_date": "2025-01-14"}),
        ("acc_1", {"start_date": "2025-01-13", "end_date": "2025-01-13"}),
    ]


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("request_", "accounts", "investors"),
    [
        (Request("accounts"), "/accounts", "/investors"),
        (Request("positions", "A"), "/trading/accounts/A/positions", "/investors/A/positions"),
        (
            Request("position", "A", params={"position_id": "P"}),
            "/trading/accounts/A/positions/P",
            "/investors/A/positions/P",
        ),
        (Request("portfolios", "A"), "/wealth/accounts/A/portfolios", "/wealth/accounts/A/portfolios"),
        (
            Request("rebalancing", "A", "P"),
            "/wealth/accounts/A/portfolios/P/rebalancing",
            "/wealth/accounts/A/portfolios/P/rebalancing",
        ),
        (Request("pnl", "A"), "/wealth/accounts/A/reports/pnl", "/wealth/accounts/A/reports/pnl"),
        (Request("pnl_backfill", "A"), "/wealth/accounts/A/reports/pnl", "/wealth/accounts/A/reports/pnl"),
        (Request("investment_policy", "A"), "/wealth/accounts/A/investment-policy", "/wealth/accounts/A/investment-policy"),
        (
            Request("investment_policy_version", "A"),
            "/wealth/accounts/A/investment-policy",
            "/wealth/accounts/A/investment-policy",
        ),
    ],
    ids=lambda value: value.endpoint if isinstance(value, Request) else "",
)
def test_where_each_endpoint_lives(request_: Request, accounts: str, investors: str) -> None:
    assert (path_of(request_, "accounts")[0], path_of(request_, "investors")[0]) == (accounts, investors)


def test_what_stands_in_the_path_is_not_repeated_in_the_query() -> None:
    request = Request("position", "A", params={"position_id": "P", "refresh_prices": "true"})
    assert path_of(request, "accounts") == ("/trading/accounts/A/positions/P", {"refresh_prices": "true"})
    pnl = pnl_request("pnl", "A", date(2024, 3, 1), date(2025, 1, 15))
    assert path_of(pnl, "accounts")[1] == {"start_date": "2024-03-01", "end_date": "2025-01-15"}
    assert roster("investors").params == {"limit": "200", "offset": "0"}
    assert roster("accounts").params == {}


@pytest.mark.parametrize(
    ("account_id", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a.b", "a.b"),
        ("🚀", "%F0%9F%9A%80"),
        ("a b?c#d%e&f+g", "a%20b%3Fc%23d%25e%26f%2Bg"),
        ("{account_id}", "%7Baccount_id%7D"),
        ("a;b", "a%3Bb"),
    ],
)
def test_an_id_is_one_segment_of_the_path_whatever_it_holds(account_id: str, segment: str) -> None:
    assert path_of(Request("positions", account_id), "accounts")[0] == f"/trading/accounts/{segment}/positions"
    assert path_of(Request("rebalancing", "A", account_id), "accounts")[0] == (
        f"/wealth/accounts/A/portfolios/{segment}/rebalancing"
    )


def test_questions_are_equal_whatever_the_order_of_their_parameters() -> None:
    one = Request("pnl", "A", params={"start_date": "2024-01-01", "end_date": "2024-12-31"})
    other = Request("pnl", "A", params={"end_date": "2024-12-31", "start_date": "2024-01-01"})
    assert one == other
    assert len({one, other}) == 1
    assert one.params_text == '{"end_date":"2024-12-31","start_date":"2024-01-01"}'
