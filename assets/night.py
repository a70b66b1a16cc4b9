"""One night from the command line: the job `nightly`, run in this process, with a progress line and a summary.

What the night does is said by the assets; what is printed by `report.py`.
"""

import os
import shutil
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from time import monotonic

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from assets.definitions import build_defs
from assets.report import print_summary
from pipelines.errors import BluumError
from pipelines.lock import writing
from pipelines.settings import Settings
from pipelines.sync import Progress as Synced

_PROJECT = Path(__file__).parent.parent


def run_night(settings: Settings, console: Console) -> int:
    """Sync, models, checks, publish. Returns the exit code; raises BluumError if nothing could be published."""
    started = monotonic()
    if settings.wants_sandbox:
        console.print("No BLUUM_API_KEY, no BLUUM_BASE_URL: asking the bundled sandbox, whose people and money are made up.")
    with writing(settings.data_dir, "bluum sync"), _progress(console) as progress:
        line = progress.add_task("connecting", total=None)
        seen = Synced()

        def observe(synced: Synced) -> None:
            nonlocal seen
            seen = synced
            failures = f", {len(synced.failures)} failed" if synced.failures else ""
            total = synced.asked + synced.waiting
            text = f"night of {synced.as_of_date}{failures}" if synced.waiting else "building and checking the marts"
            progress.update(line, completed=synced.asked, total=total, description=text)

        result = _execute(settings, observe)
    return print_summary(settings, console, seen, result.run_id, monotonic() - started)


def dagster_home(settings: Settings) -> Path:
    """The folder of Dagster's run history, made ready."""
    home = settings.data_dir.resolve() / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_PROJECT / "dagster.yaml", home / "dagster.yaml")
    return home


def _execute(settings: Settings, observe: Callable[[Synced], None]) -> dg.ExecuteInProcessResult:
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    defs = build_defs(lambda: settings, observe)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    try:
        # dagster-dbt repeats dbt's log on stdout; it stands in the data folder's dbt/dbt.log.
        with dg.DagsterInstance.get() as instance, Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            return defs.resolve_job_def("nightly").execute_in_process(instance=instance, run_config=quiet)
    except Exception as error:
        raise _reason(error) from error


def _reason(error: BaseException) -> BaseException:
    """The error a user should see: ours if there is one below Dagster's, else the one that came."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    return next((link for link in chain if isinstance(link, BluumError)), error)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
