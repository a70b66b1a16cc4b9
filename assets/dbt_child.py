"""dbt that ends when the program that started it does: a sync that is killed must not leave a writer behind.

The command `bluum-dbt`, which models.py gives to dagster-dbt in place of `dbt`.
"""

import os
import sys
import threading
import time
from importlib.metadata import version

PARENT = "BLUUM_DBT_PARENT"
"""The environment variable that names the process dbt must not outlive."""


def main() -> None:
    """Run dbt's command line, and exit at once when the parent is gone: DuckDB drops what was not committed."""
    if sys.argv[1:] == ["--version"]:  # dagster-dbt asks before every build; dbt's own answer asks a package index for news
        print(f"installed: {version('dbt-core')}")
        return
    parent = int(os.environ[PARENT])

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    from dbt.cli.main import cli

    cli()
