"""What runs together and when: the jobs and the schedule. What they run is in ingest.py, models.py and published.py."""

import dagster as dg

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,  # one process, so that one writer: DuckDB takes no second
    description="One night: sync, models and their checks, publish.",
)

backfill_pnl = dg.define_asset_job(
    "backfill_pnl",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    config={"ops": {"ingest": {"config": {"pnl_from": "YYYY-MM-DD", "pnl_to": "YYYY-MM-DD", "pnl_every": "day"}}}},
    description="P&L reports of the past, then models and publish. Fill in the dates in the launchpad.",
)

remodel = dg.define_asset_job(
    "remodel",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("raw"),
    executor_def=dg.in_process_executor,
    description="Models and their checks, publish: the night without asking Bluum for anything.",
)

nightly_schedule = dg.ScheduleDefinition(
    name="nightly_schedule",
    job=nightly,
    cron_schedule="0 22 * * *",
    execution_timezone="America/New_York",
    description="Every evening after the market's close. Start it in the UI.",
)
