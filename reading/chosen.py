"""What the dashboard and the notebook open: the bi.duckdb in BLUUM_BI, else what the settings publish."""

import os
from pathlib import Path

from pipelines.lake import Lake
from pipelines.settings import Settings

VARIABLE = "BLUUM_BI"


def chosen() -> Path | Lake:
    """The file to read, or the lake. Raises SettingsRefused."""
    named = os.environ.get(VARIABLE)
    return Path(named).resolve() if named else Settings.of().published


def choose(place: Path | Lake) -> dict[str, str]:
    """What is said in the environment so that the program it is given to chooses this one."""
    return {VARIABLE: str(place)} if isinstance(place, Path) else {}
