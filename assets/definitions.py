"""What Dagster loads: the assets, the job and the schedule, put together. Needs no settings, no network, no credentials."""

from collections.abc import Callable

import dagster as dg

from assets.ingest import build_ingest
from assets.models import build_models
from assets.nightly import backfill_pnl, nightly, nightly_schedule, remodel
from assets.published import build_published
from pipelines.api.progress import Progress
from pipelines.settings import Settings


def build_defs(
    settings: Callable[[], Settings] = Settings, observe: Callable[[Progress], None] = lambda progress: None
) -> dg.Definitions:
    """The definitions; `settings` is called when a step runs, never while they load."""
    models = build_models(settings)
    marts = [key for key in models.keys if key.path[0] == "marts"]
    return dg.Definitions(
        assets=[build_ingest(settings, observe), models, build_published(settings, marts)],
        jobs=[nightly, backfill_pnl, remodel],
        schedules=[nightly_schedule],
    )


defs = build_defs()
