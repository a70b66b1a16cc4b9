"""What Dagster loads, and nothing else: assets, checks, jobs, schedules, sensors, resources."""

import warnings

import dagster as dg

# Backfill policies are "beta" in the release that pyproject.toml pins; nobody who runs a night can do anything about it.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
