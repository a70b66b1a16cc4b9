"""dbt that ends when the program that started it does: a sync that is killed must not leave a writer behind.

The command `bluum-dbt`, which dagster-dbt runs in place of `dbt`; it works in the data folder. Its output goes into a pipe;
a pipe that nobody reads any more is how a process learns, at once and on every Unix, that whoever started it is gone.
"""

import atexit
import gc
import os
import select
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

from pipelines.destination.lake_watch import watching
from pipelines.lake import Lake


def main() -> None:
    """Run dbt's command line, and exit at once when nobody reads its output: DuckDB drops what was not committed."""
    if target := os.environ.get("DBT_TARGET_PATH"):  # the folder dbt/ beside the warehouse: see assets/models.py
        if "ducklake" not in sys.argv:
            os.environ.pop("BLUUM_WAREHOUSE", None)  # for dbt by hand
        os.chdir(Path(target).parent)
    gc.set_threshold(100_000, 50, 100)  # dbt holds so many objects that looking through them takes a tenth of a small build
    atexit.register(gc.freeze)  # nor once more, all of them, only to end
    threading.Thread(target=_end_with_the_reader, daemon=True).start()
    from dbt.cli.main import cli

    with watching(Lake.of(os.environ["BLUUM_WAREHOUSE"], data="")) if "ducklake" in sys.argv else nullcontext():
        cli()


def _end_with_the_reader() -> None:
    watched = select.poll()
    watched.register(sys.stdout.fileno(), 0)  # of no event but a hang-up, which needs no asking for
    watched.poll()
    os._exit(1)
