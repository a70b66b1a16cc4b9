"""The raw tables as Dagster assets: one asset per table, filled by one step that runs tonight's sync.

The work is `pipelines.sync`; here are only the asset keys, their lineage into the dbt sources, and the figures a person
wants to see. They have no partitions: what Bluum said on a night that is over cannot be asked again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any

import dagster as dg
from pydantic import SecretStr

from pipelines.endpoints import MARKET_ZONE
from pipelines.lock import writing
from pipelines.settings import Settings
from pipelines.sync import Progress, sync
from pipelines.tables import TABLES
from pipelines.warehouse import Warehouse

SANDBOX_YEAR = 2022
_FILLED = (*TABLES, "_dlt_loads")  # the last one is dlt's own: a row counts once its load stands there


def key_of(table: str) -> dg.AssetKey:
    """The asset key of a raw table; dagster-dbt gives the dbt source of the same name the same key."""
    return dg.AssetKey(["bluum", table])


def build_ingest(settings: Callable[[], Settings], observe: Callable[[Progress], None]) -> dg.AssetsDefinition:
    """The step that syncs one night, and the assets it fills."""
    specs = [
        dg.AssetSpec(
            key_of(table), group_name="raw", kinds={"dlt", "duckdb"}, metadata={"dagster/table_name": f"raw.{table}"}
        )
        for table in _FILLED
    ]

    @dg.multi_asset(name="ingest", specs=specs, pool="warehouse")
    def ingest(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        started = monotonic()
        with connected(settings()) as configured, writing(configured.data_dir, "sync"):
            progress = sync(configured, context.run_id, observe)
            figures = Warehouse(configured.warehouse).figures(context.run_id)
        summary: dict[str, Any] = {
            "as_of_date": str(progress.as_of_date),
            "requests": figures.requests,
            "retries": figures.retries,
            "rate_limited": figures.rate_limited,
            "accounts_failed": len({failure.request.account_id for failure in progress.failures}),
            "quarantined_rows": progress.quarantined,
            "seconds": round(monotonic() - started, 1),
        }
        for failure in progress.failures:
            context.log.warning(f"{failure.request.key}: {failure.outcome}: {failure.reason}")
        if progress.stopped_by:
            context.log.error(f"the rest of the night was not asked: {progress.stopped_by}")
        for table in _FILLED:
            rows = {"dagster/partition_row_count": figures.rows.get(table, 0)}
            yield dg.MaterializeResult(asset_key=key_of(table), metadata={**summary, **rows})

    return ingest


@contextmanager
def connected(settings: Settings) -> Iterator[Settings]:
    """Settings with an API to ask: their own, or without any credentials the bundled sandbox, started for the moment."""
    if not settings.wants_sandbox:
        yield settings
        return
    from sandbox.options import Options
    from sandbox.server import running

    with running(Options(start=sandbox_now())) as sandbox:
        yield settings.model_copy(
            update={"base_url": sandbox.base_url, "api_key": sandbox.key, "api_secret": SecretStr(sandbox.secret)}
        )


def sandbox_now() -> datetime:
    """Today and now, in the last year of the sandbox's prices: so a new day there is a new night here."""
    now = datetime.now(MARKET_ZONE)
    return now.replace(year=SANDBOX_YEAR, day=min(now.day, 28) if now.month == 2 else now.day)
