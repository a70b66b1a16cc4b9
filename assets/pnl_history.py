"""P&L reports of the past as a partitioned asset: its partitions are end dates, its backfill page asks for them.

Any range is one run, which fills the same raw tables as the night. What is asked is `pipelines/night/backfill.py`.
"""

from collections import Counter
from datetime import date
from typing import cast, get_args

import dagster as dg

from assets.partitions import PNL_REPORTS
from assets.raw import key_of, log_failures
from assets.resources import Bluum
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.night.backfill import NoBackfill, Step, Window, plan
from pipelines.night.sync import fill

KEY = key_of("pnl_history")
READ_BY = "stg_bluum__pnl_reports"
"""The staging model that Dagster shows downstream, so that models are built after a backfill and not beside it."""


class PnlHistoryConfig(dg.Config):
    """How dense the end dates are, and whether reports that are held are asked again, to find restatements."""

    every: str = "day"  # day, week or month
    missing_only: bool = False


@dg.asset(
    key=KEY,
    group_name="raw",
    kinds={"dlt", "duckdb"},
    partitions_def=PNL_REPORTS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    description="P&L reports by end date. Asked again, a report shows what was restated. Tonight's come with the night.",
)
def pnl_history(context: dg.AssetExecutionContext, config: PnlHistoryConfig, bluum: dg.ResourceParam[Bluum]) -> None:
    """The reports of the run's range of end dates."""
    keys = {key: dict(key.keys_by_dimension) for key in context.partition_keys if isinstance(key, dg.MultiPartitionKey)}
    if len({key["profile"] for key in keys.values()}) != 1:
        raise NoBackfill("a run asks for the reports of one profile: choose one")
    days = sorted(key["day"] for key in keys.values())
    if config.every not in get_args(Step):
        raise NoBackfill(f"every is {config.every!r}, and must be one of {', '.join(get_args(Step))}")
    window = Window(date.fromisoformat(days[0]), date.fromisoformat(days[-1]), cast(Step, config.every))
    with bluum.api() as settings, writing(settings, "backfill"):
        warehouse = Warehouse.of(settings)
        warehouse.mend()
        warehouse.sweep()  # what a killed backfill has left does not count, and would be planned as held
        backfill = plan(warehouse, window, settings.accounts, missing_only=config.missing_only)
        progress = fill(settings, context.run.run_id, backfill.requests, bluum.observe)
    log_failures(context, progress)
    bluum.observe(progress)
    asked = Counter(request.params["end_date"] for request in backfill.requests)
    failed = Counter(failure.request.params.get("end_date") for failure in progress.failures)
    for key, parts in keys.items():
        figures = {"reports_asked": asked[parts["day"]], "reports_failed": failed[parts["day"]]}
        context.add_asset_metadata(figures, partition_key=key)
