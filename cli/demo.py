"""The demo: sixty nights of the sandbox in one process, and the twelve named questions of `reading/` to what is published.

Plays `sandbox.world.story` through the real sync, models and publishing, into a data folder of its own.
"""

import asyncio
import shutil
from time import monotonic

from pydantic import SecretStr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from cli.running import Work, execute
from cli.summary import opening, say_unreported
from pipelines.destination.lake_store import empty
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.night.backfill import Window, plan
from pipelines.night.sync import fill, sync
from pipelines.settings import Settings
from reading import Marts, questions
from reading.tour import TOUR
from sandbox.server import Options, running
from sandbox.world.story import tell


def run_demo(settings: Settings, console: Console) -> int:
    """Play, build, publish, ask. Returns the exit code."""
    started = monotonic()
    own = {"profile": "demo", "rate_limit": 0.0, "accounts": frozenset(), "leave_out": frozenset(), "keep_reports": 1}
    settings = settings.model_copy(update=own)
    folder = settings.folder
    with writing(settings, "bluum demo"):
        for name in ("warehouse.duckdb", "bi.duckdb"):
            (folder / name).unlink(missing_ok=True)
        for name in ("dlt", "reports"):
            shutil.rmtree(folder / name, ignore_errors=True)
        if settings.lake:
            empty(settings.lake)
        unreported = _play(settings, console)
    _answer(Marts(settings.published), console)
    console.print(f"{monotonic() - started:.0f} s. Look around:  {opening(settings)}", markup=False)
    if not unreported:
        console.print(f"Read the morning report:  {folder / 'report' / 'index.html'}", markup=False)
    return say_unreported(console, unreported)


def _play(settings: Settings, console: Console) -> str | None:
    """Play all nights and build. Returns why there is no report, if there is none."""
    with running(Options(rate_limit=0)) as sandbox:
        api = {"base_url": sandbox.base_url, "api_key": sandbox.key, "api_secret": SecretStr(sandbox.secret)}
        connected = settings.model_copy(update=api)
        story = tell(sandbox.world)
        nights = sandbox.play(story)
        for night in track(nights, "60 trading days, a night each", len(story.nights), console=console, transient=True):
            sync(connected, f"demo of {night}", sleep=_hurry)
        # Bluum corrects the past in silence: asking for it again is what brings the corrections to light.
        window = Window(story.nights[0], story.nights[-1])
        fill(connected, "demo backfill", plan(Warehouse.of(connected), window).requests)
    for event in story.events:
        console.print(
            f"{event.night}  {event.text}" + (f"  (account {event.account_id})" if event.account_id else ""), markup=False
        )
    with console.status("building and checking the marts"):
        return execute(settings, Work("remodel")).unreported


async def _hurry(seconds: float) -> None:
    """Wait a hundredth of the time before what the story lets fail is asked again: it fails as often, whenever that is."""
    await asyncio.sleep(seconds / 100)


def _answer(marts: Marts, console: Console) -> None:
    for name in TOUR:
        question, answer = questions()[name], marts.ask(name)
        table = Table(*answer.table.column_names, title=question.title, title_justify="left")
        for row in answer.rows():
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        console.print()
        console.print(question.sql, style="dim", markup=False)
        console.print(table)
