"""`bluum forget`: a client's right to be erased, from the raw rows to the last copy that this program has made of them.

    warehouse --forgetting.py--> without the accounts --models, checks--> published anew, and its report
    reports, exports, working files, Dagster's history: what names the accounts is deleted

Every step may be done again, so that a command that was killed is finished by the same command. What others have copied, and
backups, are named and not touched.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import dagster as dg
from rich.console import Console

from cli.run_history import dagster_home, forget_runs, run_history
from cli.running import Work, execute
from cli.summary import say_unreported
from pipelines.destination.forgetting import NotForgotten, check_known, forget, let_go, note_finished, rewrite
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError
from pipelines.settings import Settings
from reading.report.names import account_file

_MADE_ANEW = (
    ".tmp",
    "warehouse.duckdb.tmp",
    "dlt",
    "dbt",
    "export",
    ".export.*",
    "__marimo__",
    "bi.duckdb.building*",
    "dagster.damaged-*",
)
_LEFTOVERS = ("warehouse.duckdb.damaged-*", "warehouse.duckdb.converting*", "warehouse.duckdb.mend*")
_FILES = ("warehouse.duckdb*", "bi.duckdb")  # beside a lake they are what a move has left, and may hold the accounts still
_OURS = ("lake", "dagster", "report", "reports", "writer.lock", "writer.json", "README.md")


def run_forget(settings: Settings, console: Console, account_ids: Sequence[str]) -> int:
    """Forget accounts and publish without them. Returns the exit code. Raises NotForgotten if one is unknown, or is left."""
    with writing(settings, "bluum forget"):
        warehouse = Warehouse.of(settings)
        warehouse.mend()
        check_known(warehouse, account_ids)
        warehouse.sweep()
        warehouse.upgrade()
        gone = forget(warehouse, account_ids)
        console.print(f"{gone.rows} rows deleted, {gone.rosters} kept rosters rewritten.")
        reports = sum(_forget_reports(settings, account_id) for account_id in account_ids)
        console.print(f"{reports} reports deleted that had a page of them.")
        for path in _matching(settings.folder, _MADE_ANEW + _LEFTOVERS):
            _remove(path)
        rewrite(warehouse)
        with console.status("building and checking the marts without them"):
            try:
                config = {"models": {"full_refresh": True}, "published": {"anew": True}}
                ran = execute(settings, Work("remodel", config))
            except BluumError as error:
                raise NotForgotten(
                    f"gone from the warehouse, but readers still see what was published before: {error}; "
                    "run the same command again"
                ) from error
        let_go(warehouse)
        runs = sum(_forget_history(settings, account_id) for account_id in account_ids)
        console.print(f"{runs} runs deleted from Dagster's history that named them.")
        note_finished(warehouse, account_ids)
    _say_what_is_left(settings, console)
    return say_unreported(console, ran.unreported)


def _forget_reports(settings: Settings, account_id: str) -> int:
    """Delete the reports that have a page of an account, and the pages that were made of it alone. Returns how many."""
    page, root = account_file(account_id), settings.folder / "reports"
    alone = root / Path(page).with_suffix("")
    found = [path for path in (alone, *root.glob("*")) if path == alone or (path / page).exists()]
    found = [path for path in found if path.exists()]
    for path in found:
        shutil.rmtree(path)
    link = settings.folder / "report"
    if link.is_symlink() and not link.exists():
        link.unlink()
    return len(found)


def _forget_history(settings: Settings, account_id: str) -> int:
    """Delete the runs that name an account, of this data folder and of the Dagster that DAGSTER_HOME names."""
    home = dagster_home(settings)
    with run_history(home) as instance:
        runs = forget_runs(instance, home, account_id)
    if of_services := os.environ.get("DAGSTER_HOME"):
        with dg.DagsterInstance.get() as instance:
            runs += forget_runs(instance, Path(of_services), account_id)
    return runs


def _say_what_is_left(settings: Settings, console: Console) -> None:
    own = {path.name for path in _matching(settings.folder, (*_OURS, *([] if settings.lake else _FILES), *_MADE_ANEW))}
    others = [path for path in sorted(settings.folder.iterdir()) if path.name not in own and not _is_a_profile(path)]
    if others:
        console.print(f"Not touched, and to be looked into: {', '.join(map(str, others))}", markup=False)
    console.print(
        "Not touched either: backups, and copies of bi.duckdb, of reports and of exports elsewhere. Whoever restores a "
        "backup of before today has to forget again."
    )


def _is_a_profile(path: Path) -> bool:
    return (path / "writer.lock").exists()


def _matching(folder: Path, patterns: Sequence[str]) -> Iterator[Path]:
    return (path for path in list(folder.iterdir()) if any(fnmatch(path.name, pattern) for pattern in patterns))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
