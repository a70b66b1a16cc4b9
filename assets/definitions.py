"""What Dagster loads, put together. Needs no settings, no network, no credentials."""

import dagster as dg

from assets.checks import CHECKS
from assets.jobs import backfill_pnl, nightly, remodel
from assets.models import PROJECT, models
from assets.pnl_history import pnl_history
from assets.published import published
from assets.raw import raw_tables
from assets.report import report
from assets.resources import AlertResource, BluumResource, dbt_resource
from assets.schedules import nightly_schedule
from assets.sensors import failed_run, incomplete_night, profiles, remodel_after_backfill
from assets.unfinished import unfinished_runs


def build_defs(**resources: object) -> dg.Definitions:
    """The definitions, with other resources than the usual ones if some are given."""
    return dg.Definitions(
        assets=[raw_tables, pnl_history, models, published, report],
        asset_checks=CHECKS,
        jobs=[nightly, backfill_pnl, remodel],
        schedules=[nightly_schedule],
        sensors=[failed_run, incomplete_night, remodel_after_backfill, profiles, unfinished_runs],
        executor=dg.in_process_executor,  # one process, so that one writer: DuckDB takes no second
        resources={"bluum": BluumResource(), "dbt": dbt_resource(PROJECT), "alerts": AlertResource(), **resources},
    )


defs = build_defs()
