"""Which bi.duckdb the dashboard and the notebook open: the one in BLUUM_BI, else that of the settings."""

import os
from pathlib import Path

from pipelines.settings import Settings

VARIABLE = "BLUUM_BI"


def chosen_bi() -> Path:
    """The path of the file to read. Raises SettingsRefused."""
    named = os.environ.get(VARIABLE)
    return Path(named).resolve() if named else Settings.of().bi
