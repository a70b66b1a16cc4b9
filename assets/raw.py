"""The raw tables as Dagster assets: one asset per table, filled by one step that runs tonight's sync.

The work is `pipelines/night/sync.py`; here are the asset keys, their lineage into the dbt sources, and the figures to see.
"""

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import dagster as dg

from assets.resources import Bluum
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.night.progress import Progress
from pipelines.night.sync import sync
from pipelines.schema.tables import TABLES

FILLED = (*TABLES, "_dlt_loads")  # the last one is dlt's own: a row counts once its load stands there


def key_of(table: str) -> dg.AssetKey:
    """The asset key of a raw table; dagster-dbt gives the dbt source of the same name the same key."""
    return dg.AssetKey(["bluum", table])


@dg.multi_asset(
    name="ingest",
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
    with bluum.api() as settings, writing(settings.folder, "sync"):
        progress = sync(settings, context.run.run_id, bluum.observe)
        warehouse = Warehouse(settings.warehouse)
        figures = summary(context, warehouse, progress, started)
        loaded, held = rows_loaded(warehouse, context.run.run_id), rows_held(warehouse)
    bluum.observe(progress)  # a night of one answer has not told anybody yet
    for table in FILLED:
        rows = {"rows_loaded": loaded[table], "dagster/row_count": held[table]}
        yield dg.MaterializeResult(asset_key=key_of(table), metadata={**figures, **rows})


def summary(
    context: dg.AssetExecutionContext, warehouse: Warehouse, progress: Progress, started: float
) -> Mapping[str, Any]:
    """What a run came to, as metadata; what failed goes to its log."""
    for failure in progress.failures:
        context.log.warning(f"{failure.request.key}: {failure.outcome}: {failure.reason}")
    if progress.stopped_by:
        context.log.error(f"the rest of the night was not asked: {progress.stopped_by}")
    figures = warehouse.figures(context.run.run_id)
    return {
        "as_of_date": str(progress.as_of_date or "nothing to ask"),
        "requests": figures.requests,
        "retries": figures.retries,
        "rate_limited": figures.rate_limited,
        "accounts_failed": len({failure.request.account_id for failure in progress.failures}),
        "quarantined_rows": progress.quarantined,
        "seconds": round(monotonic() - started, 1),
    }


def rows_loaded(warehouse: Warehouse, run_id: str) -> Mapping[str, int]:
    """Rows per table that a run has landed; of `_dlt_loads`, the loads it has committed."""
    with warehouse.connect() as connection:
        (loads,) = connection.execute(
            "select count(distinct _dlt_load_id) from raw.responses where run_id = ?", [run_id]
        ).fetchall()[0]
    return {**warehouse.figures(run_id).rows, "_dlt_loads": loads}


def rows_held(warehouse: Warehouse) -> Mapping[str, int]:
    """Rows per table, of all nights."""
    with warehouse.connect() as connection:
        return {table: connection.execute(f"select count(*) from raw.{table}").fetchall()[0][0] for table in FILLED}
