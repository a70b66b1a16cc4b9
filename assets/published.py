"""What readers see, as a Dagster asset: published when every mart is built and every blocking check has passed.

How that is done is `pipelines/destination/publish.py`.
"""

from datetime import timedelta

import dagster as dg

from assets.models import models
from assets.partitions import PROFILES
from assets.resources import Bluum
from pipelines.api.endpoints import MARKET_ZONE
from pipelines.destination.catalog import SCHEMAS
from pipelines.destination.lock import writing
from pipelines.destination.publish import publish

# A night is asked between the market's close at 16:00 and 04:00, when its day is over (see DECISIONS.md).
EVERY_NIGHT = dg.FreshnessPolicy.cron(
    deadline_cron="0 4 * * *", lower_bound_delta=timedelta(hours=12), timezone=str(MARKET_ZONE)
)


class PublishConfig(dg.Config):
    """How to publish: what differs from the last file, or a file that has no block of it."""

    anew: bool = False


@dg.asset(
    group_name="published",
    deps=[key for key in models.keys if key.path[0] in SCHEMAS],
    kinds={"duckdb"},
    partitions_def=PROFILES,
    freshness_policy=EVERY_NIGHT,
    description="Marts and audit as readers see them, with marts.manifest: bi.duckdb, swapped in whole, or views of a lake.",
)
def published(
    context: dg.AssetExecutionContext, config: PublishConfig, bluum: dg.ResourceParam[Bluum]
) -> dg.MaterializeResult[None]:
    """Show the readers what is built."""
    with writing(bluum.settings, "publish"):
        rows = publish(bluum.settings, context.run.run_id, anew=config.anew)
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(str(bluum.settings.published)), "rows": dict(rows)})
