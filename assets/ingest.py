"""The raw tables as Dagster assets: one asset per table, filled by one step that runs tonight's sync.

The work is `pipelines/night/sync.py`; here are the asset keys, their lineage into the dbt sources, and the figures to see.
They have no partitions: what Bluum said on a night that is over cannot be asked again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from time import monotonic
from typing import Any, cast, get_args

import dagster as dg
from pydantic import SecretStr

from pipelines.api.endpoints import MARKET_ZONE
from pipelines.api.progress import Observer
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.night.backfill import NoBackfill, Step, Window, plan
from pipelines.night.sync import fill, sync
from pipelines.schema.tables import TABLES
from pipelines.settings import Settings

SANDBOX_YEAR = 2022
_FILLED = (*TABLES, "_dlt_loads")  # the last one is dlt's own: a row counts once its load stands there


def key_of(table: str) -> dg.AssetKey:
    """The asset key of a raw table; dagster-dbt gives the dbt source of the same name the same key."""
    return dg.AssetKey(["bluum", table])


class IngestConfig(dg.Config):
    """What to ask. Both dates empty: tonight. Both given: P&L reports of the past, and nothing else."""

    pnl_from: str = ""
    pnl_to: str = ""
    pnl_every: str = "day"  # day, week or month
    pnl_missing_only: bool = False

    @property
    def window(self) -> Window | None:
        """The backfill's window, if one is asked for."""
        if not self.pnl_from and not self.pnl_to:
            return None
        if self.pnl_every not in get_args(Step):
            raise NoBackfill(f"pnl_every is {self.pnl_every!r}, and must be one of {', '.join(get_args(Step))}")
        try:
            return Window(date.fromisoformat(self.pnl_from), date.fromisoformat(self.pnl_to), cast(Step, self.pnl_every))
        except ValueError as error:
            raise NoBackfill(f"pnl_from and pnl_to must both be dates like 2026-01-31: {error}") from error


def build_ingest(settings: Callable[[], Settings], observe: Observer) -> dg.AssetsDefinition:
    """The step that asks Bluum, and the assets it fills."""
    specs = [
        dg.AssetSpec(
            key_of(table), group_name="raw", kinds={"dlt", "duckdb"}, metadata={"dagster/table_name": f"raw.{table}"}
        )
        for table in _FILLED
    ]

    @dg.multi_asset(name="ingest", specs=specs)
    def ingest(context: dg.AssetExecutionContext, config: IngestConfig) -> Iterator[dg.MaterializeResult[None]]:
        started = monotonic()
        with connected(settings()) as configured, writing(configured.folder, "sync"):
            if config.window:
                backfill = plan(
                    Warehouse.of(configured), config.window, configured.accounts, missing_only=config.pnl_missing_only
                )
                progress = fill(configured, context.run_id, backfill.requests, observe)
            else:
                progress = sync(configured, context.run_id, observe)
            figures = Warehouse.of(configured).figures(context.run_id)
        summary: dict[str, Any] = {
            "as_of_date": str(progress.as_of_date or "nothing to ask"),
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
