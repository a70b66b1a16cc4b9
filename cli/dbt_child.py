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
from typing import Any

from pipelines.destination.lake_watch import watching
from pipelines.lake import Lake


def main() -> None:
    """Run dbt's command line, and exit at once when nobody reads its output: DuckDB drops what was not committed."""
    if target := os.environ.get("DBT_TARGET_PATH"):  # the folder dbt/ beside the warehouse: see assets/models.py
        if "ducklake" not in sys.argv:
            os.environ.pop("BLUUM_WAREHOUSE", None)  # for dbt by hand
        os.chdir(Path(target).parent)
    gc.set_threshold(100_000, 50, 100)  # dbt holds so many objects that looking through them takes a tenth of a small build
    atexit.register(gc.freeze)  # by itself Python looks through them once more to end
    threading.Thread(target=_end_with_the_reader, daemon=True).start()
    from dbt.cli.main import cli

    if "DBT_DEBUG" not in os.environ:
        _drop_events_for_debugging()
    with watching(Lake.of(os.environ["BLUUM_WAREHOUSE"], data="")) if "ducklake" in sys.argv else nullcontext():
        cli()


def _drop_events_for_debugging() -> None:
    """Leave out what no log takes before dbt writes it out, not after it: that takes a sixth of a small build."""
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager

    class Sparing(EventManager):
        def fire_event(self, e: BaseEvent, level: EventLevel | None = None, *args: Any, **kwargs: Any) -> None:
            if (level or e.level_tag()) is not EventLevel.DEBUG:
                super().fire_event(e, level, *args, **kwargs)

    sparing = Sparing()
    sparing.loggers = get_event_manager().loggers  # they tell what fails before dbt has made its own
    ctx_set_event_manager(sparing)


def _end_with_the_reader() -> None:
    watched = select.poll()
    watched.register(sys.stdout.fileno(), 0)  # of no event but a hang-up, which needs no asking for
    watched.poll()
    os._exit(1)
