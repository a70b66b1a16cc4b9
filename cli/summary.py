"""What the program prints when it is done: the summary of a night, and the state of the warehouse.

Reads; decides one thing only, the exit code of a sync.
"""

from datetime import date
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from pipelines.api.clock import CUT_OVER_HOUR, as_of_date
from pipelines.api.endpoints import MARKET_ZONE
from pipelines.api.progress import Progress
from pipelines.destination.lock import who_writes
from pipelines.destination.questions import Figures, Standing
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import NotPublished
from pipelines.settings import Settings

COMPLETE, WITH_FAILURES = 0, 3
_NAMED = 20  # kinds of quarantined rows that are spelled out: raw.quarantine has them all


def print_summary(
    settings: Settings, console: Console, progress: Progress, run_id: str, seconds: float, unreported: str | None = None
) -> int:
    """The short table at the end of a sync, what is missing by name, and the lines that open the result."""
    if progress.as_of_date is None:
        console.print("There was nothing left to ask.")
        return say_unreported(console, unreported)
    warehouse = Warehouse.of(settings)
    figures = warehouse.figures(run_id)
    standing = warehouse.standing(progress.as_of_date, settings.accounts, settings.leave_out)
    console.print(_table(progress, figures, standing, seconds))
    if figures.finished_at and as_of_date(figures.finished_at) > progress.as_of_date:
        ended = f"{figures.finished_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M}"
        console.print(
            f"The night outlasted its day, which ends at 0{CUT_OVER_HOUR}:00 in New York: its last answers are of {ended}."
        )
    if progress.stopped_by:
        console.print(f"The night was cut short: {progress.stopped_by}.", markup=False)
    _name_missing(console, progress, standing)
    if progress.left_out:
        console.print(f"Left out: {progress.left_out} account(s) that Bluum still lists, and that were forgotten.")
    unknown = _not_in_roster(settings, warehouse, progress.as_of_date)
    if unknown:
        console.print(f"Not in the roster, though BLUUM_ACCOUNTS names them: {', '.join(unknown)}", markup=False)
    console.print(f"Open it:  {opening(settings)}", markup=False)
    if settings.keep_reports and not unreported:
        console.print(f"Read it:  {settings.folder / 'report' / 'index.html'}", markup=False)
    is_short = standing.missing or standing.quarantined or unknown or progress.stopped_by
    return max(say_unreported(console, unreported), WITH_FAILURES if is_short else COMPLETE)


def say_unreported(console: Console, unreported: str | None) -> int:
    """Say why a night that is published has no report, if it has none. Returns the exit code."""
    if unreported is None:
        return COMPLETE
    console.print(f"{unreported[0].upper()}{unreported[1:]}", markup=False)
    return WITH_FAILURES


def _not_in_roster(settings: Settings, warehouse: Warehouse, night: date) -> list[str]:
    """Accounts that BLUUM_ACCOUNTS names and the night's roster does not."""
    if not settings.accounts:
        return []
    # The roster has those whose row waits in quarantine, and those that are closed and need not be asked any more.
    known = {request.account_id for request in warehouse.planned(night)}
    known.update(account_id for account_id, _ in warehouse.newest_roster())
    return [account_id for account_id in sorted(settings.accounts) if account_id not in known]


def _table(progress: Progress, figures: Figures, standing: Standing, seconds: float) -> Table:
    table = Table(title=f"Night of {progress.as_of_date}", show_header=False, title_justify="left")
    table.add_row("accounts", f"{standing.accounts_landed} landed of {standing.accounts_expected} expected")
    table.add_row("requests", f"{figures.requests} ({figures.retries} retries, {figures.rate_limited} rate limited)")
    for name, rows in figures.rows.items():
        if rows and name not in ("responses", "plan", "quarantine", "new_fields"):
            table.add_row(f"raw.{name}", f"{rows} rows")
    table.add_row("quarantined", f"{sum(row[-1] for row in standing.quarantined)} rows")
    table.add_row("time", f"{seconds:.1f} s")
    return table


def _name_missing(console: Console, progress: Progress, standing: Standing) -> None:
    reasons = {failure.request: failure.reason for failure in progress.failures}
    for request in standing.missing:
        console.print(f"Missing: {request}: {reasons.get(request, 'not asked')}", markup=False)
    for endpoint, account_id, table, field, reason, count in standing.quarantined[:_NAMED]:
        what = f"{count} row(s) of {table} from {endpoint} of account {account_id}: {field}: {reason}"
        console.print(f"Quarantined: {what}", markup=False)
    if unnamed := len(standing.quarantined[_NAMED:]):
        console.print(f"... and {unnamed} more such lines: see raw.quarantine in the warehouse.")
    if standing.missing:
        console.print("The next `bluum sync` of this night asks for what is missing, and for nothing else.")


def opening(settings: Settings) -> str:
    """How to open what is published, with DuckDB's own program."""
    return f"duckdb, then: {settings.lake.attaching}" if settings.lake else f"duckdb -readonly {settings.bi}"


def print_status(settings: Settings, console: Console) -> None:
    """What is published, how complete the last nights are, and who is writing."""
    if writer := who_writes(settings):
        console.print(f"Writing now: {writer}", markup=False)
    try:
        published, nights = _published(settings)
    except duckdb.Error as error:
        if _is_nothing(settings, error):
            console.print(f"Nothing is published yet in {settings.published}.", markup=False)
            return
        reason = str(error).splitlines()[0]
        remedy = "" if settings.lake else "; `bluum publish` writes it anew"  # of a lake it makes nothing but views
        raise NotPublished(f"{settings.published} cannot be read ({reason}){remedy}") from error
    run_id, night, published_at = published
    console.print(
        f"{settings.published}: night of {night}, published {published_at:%Y-%m-%d %H:%M} UTC by run {run_id}", markup=False
    )
    table = Table("night", "expected", "answered", "quarantined", "complete")
    for day, expected, answered, quarantined, is_complete in nights:
        table.add_row(str(day), str(expected), str(answered), str(quarantined), "yes" if is_complete else "no")
    console.print(table)


def _published(settings: Settings) -> tuple[tuple[Any, ...], list[Any]]:
    lake, bi = settings.lake, settings.bi
    with lake.connect(read_only=True) if lake else duckdb.connect(str(bi), read_only=True) as connection:
        published = connection.execute(
            "select any_value(run_id), any_value(as_of_date), any_value(published_at) from marts.manifest"
        ).fetchall()
        nights = connection.execute(
            """
            select as_of_date, sum(expected), sum(ok + absent + disabled), sum(quarantined_rows), bool_and(is_complete)
            from marts.sync_coverage_daily group by as_of_date having bool_or(endpoint = 'accounts')
            order by as_of_date desc limit 10
            """
        ).fetchall()
    return published[0], nights


def _is_nothing(settings: Settings, error: duckdb.Error) -> bool:
    """Whether nothing was published yet: no file is there, or a lake without what every publication has."""
    if settings.lake is None:
        return not settings.bi.exists()
    return isinstance(error, duckdb.CatalogException) or "does not exist" in str(error)
