"""What runs together: the jobs. When they run is `schedules.py`."""

import dagster as dg

from assets import pnl_history
from assets.checks import quarantine

_ALL = dg.AssetSelection.all()
_HISTORY = dg.AssetSelection.assets(pnl_history.KEY)
_FROM_RAW = (_ALL - dg.AssetSelection.groups("raw")) | dg.AssetSelection.checks(quarantine)

nightly = dg.define_asset_job(
    "nightly", selection=_ALL - _HISTORY, description="One night: sync, models and their checks, publish, report."
)

backfill_pnl = dg.define_asset_job(
    "backfill_pnl",
    selection=_HISTORY,
    description="P&L reports of the past, a range of end dates in one run. `remodel_after_backfill` does the rest.",
)

remodel = dg.define_asset_job(
    "remodel",
    selection=_FROM_RAW,
    description="Models and their checks, publish, report: the night without asking Bluum for anything.",
)
