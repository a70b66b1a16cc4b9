"""A bi.duckdb with the tables that the models promise, and no rows but those a test puts there: made in an instant.

What the models compute is tested elsewhere; here it is what readers make of it.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

MODELS = Path(__file__).parents[2] / "sql" / "models"
Rows = Mapping[str, Iterable[Mapping[str, Any]]]

NIGHTS = [date(2022, 3, 21) + timedelta(days) for days in (0, 1, 3, 4)]
"""Monday, Tuesday, Thursday, Friday: nobody asked on the Wednesday."""
CORE, MARKUP = "port_core0001", "port_mark0002"
ACCOUNT = "acc-1"


@cache
def _tables() -> dict[str, dict[str, str]]:
    """The columns of every published table, with their types, as the models' contracts promise them."""
    found = {}
    for schema in ("marts", "audit"):
        for path in (MODELS / schema).glob("*.yml"):
            for model in yaml.safe_load(path.read_text()).get("models", []):
                columns = {
                    each["name"]: _type(each["data_type"]) for each in model.get("columns", []) if "data_type" in each
                }
                if columns:
                    found[f"{schema}.{model['name']}"] = columns
    found["marts.manifest"] = {
        "run_id": "varchar",
        "as_of_date": "date",
        "published_at": "timestamptz",
        "program_version": "varchar",
        "schema_name": "varchar",
        "table_name": "varchar",
        "row_count": "bigint",
    }
    return found


def _type(promised: str) -> str:
    return "timestamptz" if "timestamp" in promised else promised  # an expression that spells it for each engine


def publish(path: Path, rows: Rows) -> Path:
    """Make the file and put it in the place of the one before, whole, as publishing does."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("create schema marts; create schema audit")
        for table, columns in _tables().items():
            named = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {table} ({named})")
        for table, each in rows.items():
            for row in each:
                marks = ", ".join("?" * len(row))
                names = ", ".join(f'"{name}"' for name in row)
                connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))
    os.replace(fresh, path)
    return path


def story(nights: Iterable[date] = tuple(NIGHTS), *, with_policy: bool = True) -> dict[str, list[dict[str, Any]]]:
    """An account with two portfolios, one of them named in markup, and P&L with more digits than a float has."""
    nights = list(nights)
    rows: dict[str, list[dict[str, Any]]] = {
        table: []
        for table in (
            "marts.account_nights",
            "marts.sync_coverage_daily",
            "marts.allocation_drift_daily",
            "marts.drift_wide",
            "marts.portfolio_drift_daily",
            "marts.drift_causes_daily",
            "marts.pnl_daily",
            "marts.pnl_by_asset_class_daily",
            "marts.firm_daily",
        )
    }
    rows["marts.manifest"] = [
        {"as_of_date": nights[-1], "published_at": datetime(2022, 3, 26, 3, tzinfo=UTC), "program_version": "0.0.0"}
    ]
    rows["marts.accounts"] = [{"account_id": ACCOUNT, "account_number_last4": "4321", "currency": "USD"}]
    rows["marts.portfolios"] = [
        {"portfolio_id": CORE, "account_id": ACCOUNT, "name": "Core", "currency": "USD"},
        {"portfolio_id": MARKUP, "account_id": ACCOUNT, "name": "<b>Bold</b> & Co", "currency": "USD"},
    ]
    rows["marts.asset_classes"] = [
        {"asset_class": name, "is_in_analyses": True, "is_in_policies": True, "is_in_pnl": True}
        for name in ("bonds", "stocks")
    ]
    first, last = nights[0], nights[-1]
    days = [first + timedelta(days) for days in range((last - first).days + 1)]
    rows["marts.dates"] = [
        {"calendar_date": day, "is_session": day.weekday() < 5, "sessions_until": number} for number, day in enumerate(days)
    ]
    rows["marts.account_latest"] = [{"as_of_date": last, "account_id": ACCOUNT, "is_listed": True, "is_complete": True}]
    rows["marts.portfolio_latest"] = [
        {**each, "as_of_date": last, "is_analysed": True, "nights_since_seen": 0} for each in rows["marts.portfolios"]
    ]
    for number, night in enumerate(nights):
        rows["marts.account_nights"].append(
            {"as_of_date": night, "account_id": ACCOUNT, "is_listed": True, "is_complete": True}
        )
        rows["marts.sync_coverage_daily"].append({"as_of_date": night, "endpoint": "accounts", "is_complete": True})
        rows["marts.firm_daily"].append(
            {
                "as_of_date": night,
                "currency": "USD",
                "accounts_listed": 1,
                "accounts_complete": 1,
                "accounts": 1,
                "accounts_with_policy": int(with_policy),
                "accounts_outside": int(with_policy),
                "accounts_inside": 0,
                "accounts_unknown": 0,
                "accounts_with_net_pnl": min(number, 1),
                "portfolios": 2,
                "portfolios_with_value": 0,
                "episodes_open": 2,
                "episodes_opened": 0,
                "episodes_closed": 0,
            }
        )
        pnl = Decimal("12345678901234567.123456789") + number if number else None
        rows["marts.pnl_daily"].append(
            {"as_of_date": night, "account_id": ACCOUNT, "currency": "USD", "net_pnl": pnl, "unrealized_pnl": pnl}
        )
        rows["marts.pnl_by_asset_class_daily"].append(
            {"as_of_date": night, "account_id": ACCOUNT, "currency": "USD", "asset_class": "stocks", "pnl": pnl}
        )
        for portfolio, name in ((CORE, "Core"), (MARKUP, "<b>Bold</b> & Co")):
            rows["marts.portfolio_drift_daily"].append(
                {"as_of_date": night, "portfolio_id": portfolio, "account_id": ACCOUNT}
            )
            for asset_class, sign in (("bonds", -1), ("stocks", 1)):
                drift = sign * (Decimal("6.123456789") + number)
                ruled = {
                    "min_percent": Decimal(45),
                    "max_percent": Decimal(55),
                    "band_distance_percent": sign * (abs(drift) - 5),
                    "is_outside_band": True,
                    "policy_version": 1,
                }
                analysed = {
                    "as_of_date": night,
                    "portfolio_id": portfolio,
                    "account_id": ACCOUNT,
                    "asset_class": asset_class,
                    "actual_percent": 50 + drift,
                    "target_percent": Decimal(50),
                    "drift_percent": drift,
                    **(ruled if with_policy else {}),
                }
                rows["marts.allocation_drift_daily"].append(analysed)
                rows["marts.drift_wide"].append(
                    {
                        **analysed,
                        "portfolio_name": name,
                        "portfolio_currency": "USD",
                        "band_episode_started_on": first if with_policy else None,
                    }
                )
                moved = Decimal(sign) if number else None
                rows["marts.drift_causes_daily"].append(
                    {
                        "as_of_date": night,
                        "portfolio_id": portfolio,
                        "account_id": ACCOUNT,
                        "asset_class": asset_class,
                        "previous_drift_percent": drift - sign if number else None,
                        "drift_percent": drift,
                        "change_points": moved,
                        "market_points": moved,
                        "trades_points": Decimal(0) if number else None,
                        "flows_points": Decimal(0) if number else None,
                        "policy_points": Decimal(0),
                        "remainder_points": Decimal(0) if number else None,
                        "unknown_reason": None if number else "first_night",
                    }
                )
    return rows
