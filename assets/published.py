"""bi.duckdb as a Dagster asset: published when every mart is built and every blocking check has passed.

How the file is made and swapped in is `pipelines/destination/publish.py`.
"""

from collections.abc import Callable, Iterable

import dagster as dg

from pipelines.destination.lock import writing
from pipelines.destination.publish import publish
from pipelines.settings import Settings


def build_published(settings: Callable[[], Settings], marts: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that stands for bi.duckdb."""

    @dg.asset(
        key="published",
        group_name="published",
        deps=marts,
        kinds={"duckdb"},
        description="bi.duckdb: the marts as the readers see them, with marts.manifest. Swapped in whole.",
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        configured = settings()
        with writing(configured.folder, "publish"):
            rows = publish(configured, context.run_id)
        return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(configured.bi), "rows": dict(rows)})

    return published
