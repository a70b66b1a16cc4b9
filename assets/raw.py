"""The raw tables as Dagster assets: one asset per table, filled by one step that runs tonight's sync.

The work is `pipelines/night/sync.py`; here are the asset keys, their lineage into the dbt sources, and the figures to see.
"""

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import dagster as dg

from assets.partitions import PROFILES
from assets.resources import Bluum
from pipelines.api.progress import Progress
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.night.sync import sync
from pipelines.schema.tables import TABLES

FILLED = (*TABLES, "_dlt_loads")  # the last one is dlt's own: a row counts once its load stands there


def key_of(table: str) -> dg.AssetKey:
    """The asset key of a raw table; dagster-dbt gives the dbt source of the same name the same key."""
    return dg.AssetKey(["bluum", table])


@dg.multi_asset(
    name="ingest",
    partitions_def=PROFILES,
    specs=[
        dg.AssetSpec(
            key_of(table), group_name="raw", kinds={"dlt", "duckdb"}, metadata={"dagster/table_name": f"raw.{table}"}
        )
        for table in FILLED
    ],
)
def raw_tables(context: dg.AssetExecutionContext, bluum: dg.ResourceParam[Bluum]) -> Iterator[dg.MaterializeResult[None]]:
    """One night of Bluum: every answer, every row."""
    started = monotonic()
    with bluum.api() as settings, writing(settings, "sync"):
        progress = sync(settings, context.run.run_id, bluum.observe)
        warehouse = Warehouse.of(settings)
        figures = warehouse.figures(context.run.run_id)
        loaded = {**figures.rows, "_dlt_loads": loads_committed(warehouse, context.run.run_id)}
        held = rows_held(warehouse)
    log_failures(context, progress)
    bluum.observe(progress)  # a night of one answer has not told anybody yet
    night: dict[str, Any] = {
        "as_of_date": str(progress.as_of_date),
        "requests": figures.requests,
        "retries": figures.retries,
        "rate_limited": figures.rate_limited,
        "finished_at": str(figures.finished_at),
        "accounts_failed": len({failure.request.account_id for failure in progress.failures}),
        "accounts_left_out": progress.left_out,
        "quarantined_rows": progress.quarantined,
        "seconds": round(monotonic() - started, 1),
    }
    for table in FILLED:
        rows = {"rows_loaded": loaded[table], "dagster/row_count": held[table]}
        yield dg.MaterializeResult(asset_key=key_of(table), metadata={**night, **rows})


def log_failures(context: dg.AssetExecutionContext, progress: Progress) -> None:
    """What has no answer, by name, in the run's own log."""
    for failure in progress.failures:
        context.log.warning(f"{failure.request}: {failure.outcome}: {failure.reason}")
    if progress.stopped_by:
        context.log.error(f"the rest was not asked: {progress.stopped_by}")


def loads_committed(warehouse: Warehouse, run_id: str) -> int:
    """How many of dlt's loads a run has committed."""
    query = f"select count(distinct _dlt_load_id) from {warehouse.dataset}.responses where run_id = ?"
    with warehouse.connect() as connection:
        return int(connection.execute(query, [run_id]).fetchall()[0][0])


def rows_held(warehouse: Warehouse) -> Mapping[str, int]:
    """Rows per table, of all nights."""
    with warehouse.connect() as connection:
        return {
            table: connection.execute(f"select count(*) from {warehouse.dataset}.{table}").fetchall()[0][0]
            for table in FILLED
        }
