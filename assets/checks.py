"""How good the last night is, as asset checks with their figures: coverage, quarantine, reconciliation.

They warn and never block. The figures are the marts'; nothing is decided here that sql/ has not computed. Checks that block
are dbt's tests, in sql/.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from assets.raw import key_of
from assets.resources import Bluum
from pipelines.api.endpoints import MARKET_ZONE
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse

COVERAGE = dg.AssetKey(["marts", "sync_coverage_daily"])
RECONCILIATION = dg.AssetKey(["marts", "reconciliation_daily"])
_MOST = 50  # rows of figures that are shown

Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]
_LAST_NIGHT = "(select max(as_of_date) from $marts.sync_coverage_daily where endpoint = 'accounts' and as_of_date <= $until)"


def _result(bluum: Bluum, judge: Callable[[Ask], tuple[bool, str, dict[str, Rows]]]) -> dg.AssetCheckResult:
    """A check's result from what the warehouse says; under the lock, since DuckDB lets nobody read beside a writer."""
    settings = bluum.settings
    until = datetime.now(MARKET_ZONE).date() + timedelta(days=1)  # a night dated later is an API's broken clock

    warehouse = Warehouse.of(settings)
    with writing(settings, "checks"), warehouse.connect() as connection:

        def ask(query: str) -> Rows:
            spelled = query.replace("$night", _LAST_NIGHT).replace("$raw", settings.dataset)
            spelled = spelled.replace("$marts", warehouse.store.building["marts"])
            answer = connection.execute(spelled, {"until": until})
            names = [column[0] for column in answer.description]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

        passed, description, figures = judge(ask)
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata={name: _table(rows) for name, rows in figures.items()},
    )


def _table(rows: Sequence[dict[str, Any]]) -> dg.MetadataValue:
    shown = [{name: _cell(value) for name, value in row.items()} for row in rows[:_MOST]]
    if not shown:
        return dg.MetadataValue.text("none")
    return dg.MetadataValue.table([dg.TableRecord(row) for row in shown])


def _cell(value: object) -> str | int | bool | None:
    return value if value is None or isinstance(value, int) else str(value)


@dg.asset_check(asset=COVERAGE, description="Every request of the last night has a good answer.")
def coverage(bluum: dg.ResourceParam[Bluum]) -> dg.AssetCheckResult:
    """Requests of the last night, by endpoint."""

    def judge(ask: Ask) -> tuple[bool, str, dict[str, Rows]]:
        rows = ask(
            """
            select as_of_date, endpoint, expected, ok, absent, disabled, failed, rejected, requests, retries, rate_limited
            from $marts.sync_coverage_daily where as_of_date = $night order by endpoint
            """
        )
        expected = sum(row["expected"] for row in rows)
        answered = sum(row["ok"] + row["absent"] + row["disabled"] for row in rows)
        night = rows[0]["as_of_date"] if rows else "none"
        return answered == expected, f"night of {night}: {answered} of {expected} requests answered", {"by_endpoint": rows}

    return _result(bluum, judge)


@dg.asset_check(
    asset=key_of("quarantine"), additional_deps=[COVERAGE], description="Every row of the last night could be read exactly."
)
def quarantine(bluum: dg.ResourceParam[Bluum]) -> dg.AssetCheckResult:
    """Rows of the last night that could not be read exactly, by endpoint and by reason."""

    def judge(ask: Ask) -> tuple[bool, str, dict[str, Rows]]:
        counted = ask(
            """
            select as_of_date, endpoint, quarantined_rows from $marts.sync_coverage_daily
            where as_of_date = $night and quarantined_rows > 0 order by endpoint
            """
        )
        reasons = ask(
            """
            select endpoint, table_name, field, reason, count(*) as "rows" from $raw.quarantine
            where as_of_date = $night group by endpoint, table_name, field, reason order by "rows" desc, endpoint, field
            """
        )
        total = sum(row["quarantined_rows"] for row in counted)
        return not total, f"{total} rows in quarantine", {"by_endpoint": counted, "by_reason": reasons}

    return _result(bluum, judge)


@dg.asset_check(asset=RECONCILIATION, description="The figures of the last night agree with each other.")
def reconciliation(bluum: dg.ResourceParam[Bluum]) -> dg.AssetCheckResult:
    """Figures of the last night that do not agree with their parts, by what was compared."""

    def judge(ask: Ask) -> tuple[bool, str, dict[str, Rows]]:
        rows = ask(
            """
            select check_name, count(*) as figures, count(distinct account_id) as accounts,
                count(*) - count(difference) as on_one_side_only, max(abs(difference)) as largest_difference
            from $marts.reconciliation_daily where as_of_date = $night group by check_name order by check_name
            """
        )
        total = sum(row["figures"] for row in rows)
        return not total, f"{total} figures do not agree with their parts", {"by_check": rows}

    return _result(bluum, judge)


CHECKS = (coverage, quarantine, reconciliation)
