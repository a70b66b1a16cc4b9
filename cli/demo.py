"""The demo: sixty nights of the sandbox in one process, and five questions that only a warehouse with a memory answers.

Plays `sandbox.world.story` through the real sync, models and publishing, into a data folder of its own.
"""

import shutil
from time import monotonic

import duckdb
from pydantic import SecretStr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from cli.running import Work, execute
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.night.backfill import Window, plan
from pipelines.night.sync import fill, sync
from pipelines.profiles import DEFAULT
from pipelines.settings import Settings
from sandbox.server import Options, running
from sandbox.world.story import tell

QUESTIONS = (
    (
        "Who is out of policy today, in which class, by how much?",
        """
        select account_id, asset_class, actual_percent, min_percent, max_percent, band_distance_percent, policy_version
        from marts.allocation_drift_daily
        where is_outside_band and as_of_date = (select max(as_of_date) from marts.allocation_drift_daily)
        order by abs(band_distance_percent) desc limit 5
        """,
    ),
    (
        "What was the longest breach, and how bad did it get?",
        """
        select portfolio_id, asset_class, direction, started_on, ended_on, nights_observed, nights_missing,
            peak_distance_percent, peak_on
        from marts.drift_episodes where breach_kind = 'band'
        order by nights_observed desc, started_on limit 3
        """,
    ),
    (
        "Which was each account's worst month?",
        """
        select account_id, period_start, total_pnl, is_complete from marts.pnl_periods
        where period_kind = 'month' and total_pnl is not null
        qualify row_number() over (partition by account_id order by total_pnl) = 1
        order by total_pnl limit 5
        """,
    ),
    (
        "What did Bluum say differently later on?",
        """
        select account_id, as_of_date, measure, previous_value, new_value, known_at from marts.restatements
        where measure not like 'by_%' order by known_at, account_id, as_of_date, measure limit 5
        """,
    ),
    (
        "What does a missed night look like?",
        """
        with nights as (
            select account_id, as_of_date, days_covered, total_pnl,
                lag(as_of_date) over (partition by account_id order by as_of_date) as previous_night
            from (select distinct account_id, as_of_date from marts.positions_daily) join marts.pnl_daily
            using (account_id, as_of_date)
        )
        select account_id, previous_night, as_of_date as next_night, days_covered as pnl_days_covered, total_pnl
        from nights where as_of_date = date '2022-04-28' order by account_id limit 3
        """,
    ),
)


def run_demo(settings: Settings, console: Console) -> int:
    """Play, build, publish, ask. Returns the exit code."""
    started = monotonic()
    folder = settings.data_dir / "demo"
    with writing(folder, "bluum demo"):
        for name in ("warehouse.duckdb", "bi.duckdb"):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "dlt", ignore_errors=True)
        own = {"profile": DEFAULT, "data_dir": folder, "rate_limit": 0.0, "accounts": frozenset()}
        _play(settings.model_copy(update=own), console)
    bi = folder.resolve() / "bi.duckdb"
    _answer(bi.as_posix(), console)
    console.print(f"{monotonic() - started:.0f} s. Look around:  duckdb -readonly {bi}", markup=False)
    return 0


def _play(settings: Settings, console: Console) -> None:
    with running(Options(rate_limit=0)) as sandbox:
        api = {"base_url": sandbox.base_url, "api_key": sandbox.key, "api_secret": SecretStr(sandbox.secret)}
        connected = settings.model_copy(update=api)
        story = tell(sandbox.world)
        nights = sandbox.play(story)
        for night in track(nights, "60 trading days, a night each", len(story.nights), console=console, transient=True):
            sync(connected, f"demo of {night}")
        # Bluum corrects the past in silence: asking for it again is what brings the corrections to light.
        window = Window(story.nights[0], story.nights[-1])
        fill(connected, "demo backfill", plan(Warehouse.of(connected), window).requests)
    for event in story.events:
        console.print(
            f"{event.night}  {event.text}" + (f"  (account {event.account_id})" if event.account_id else ""), markup=False
        )
    with console.status("building and checking the marts"):
        execute(settings, Work("remodel"))


def _answer(bi: str, console: Console) -> None:
    with duckdb.connect(bi, read_only=True) as connection:
        for question, query in QUESTIONS:
            rows = connection.execute(query)
            table = Table(*[column[0] for column in rows.description], title=question, title_justify="left")
            for row in rows.fetchall():
                table.add_row(*("" if value is None else str(value) for value in row))
            console.print()
            console.print("\n".join(line[8:] for line in query.strip("\n").splitlines()), style="dim", markup=False)
            console.print(table)
