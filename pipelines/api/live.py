"""Asks tonight for somebody who pulls: an iterator of batches, whatever event loop the caller may be in.

    next(batches) --a thread with a loop of its own--> engine.py, until the next batch is due

For whoever has no warehouse of ours: nothing is known of earlier nights, and nothing is resumed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import date
from typing import Any
from uuid import uuid4

from pipelines.api.endpoints import SyncContext, endpoints_for, without
from pipelines.api.engine import Engine, Held, client_of
from pipelines.api.parse import Batch
from pipelines.errors import NoCredentials, Unreachable
from pipelines.profiles import SettingsRefused
from pipelines.settings import Settings

_log = logging.getLogger(__name__)


def given_settings(given: Mapping[str, Any]) -> Settings:
    """Settings by name where one is given, else as the environment has them. Raises NoCredentials, in one line."""
    try:
        settings = Settings.given({name: value for name, value in given.items() if value is not None})
    except SettingsRefused as error:
        raise NoCredentials(f"Bluum cannot be asked: {error}") from None
    if settings.wants_sandbox:
        raise NoCredentials(
            "Bluum cannot be asked without a key pair: set sources.bluum.api_key and sources.bluum.api_secret in dlt's "
            "secrets, or BLUUM_API_KEY and BLUUM_API_SECRET"
        )
    return settings


def tonight(settings: Settings, tables: frozenset[str], state: MutableMapping[str, Any]) -> Iterator[Batch]:
    """Batches of tonight's answers, asked for these tables while they are pulled.

    `state` outlives a run: it keeps the number of the night's last response, so that no two responses have one id.
    Raises Unauthorized, Unreachable or RosterRefused when the night cannot begin, and Unreachable when it was cut short.
    What failed for one account alone is logged, and is a row of `responses`.
    """
    stop: list[asyncio.Event] = []
    with ThreadPoolExecutor(1, "bluum") as thread:
        runner = thread.submit(asyncio.Runner().__enter__).result()
        batches = _asked(settings, tables, state, stop)
        try:
            while (batch := thread.submit(runner.run, _next(batches)).result()) is not None:
                yield batch
        finally:
            if stop:  # whoever pulls no more does not wait for the batch to become full
                runner.get_loop().call_soon_threadsafe(stop[0].set)
            thread.submit(runner.run, _close(batches)).result()
            thread.submit(runner.close).result()


async def _next(batches: AsyncIterator[Batch]) -> Batch | None:
    return await anext(batches, None)


async def _close(batches: Any) -> None:
    await batches.aclose()


async def _asked(
    settings: Settings, tables: frozenset[str], state: MutableMapping[str, Any], stop: list[asyncio.Event]
) -> AsyncIterator[Batch]:
    def remember(day: date) -> Held:
        last = state["last_sequence"] if state.get("night") == day.isoformat() else 0
        return Held(SyncContext(day, settings.surface, settings.refresh_prices), last_sequence=last)

    async with client_of(settings) as client:
        engine = Engine(settings, client, uuid4().hex, remember, endpoints_for(tables) & without(settings.leave_out))
        stop.append(engine.stop)
        async with aclosing(engine.night()) as batches:  # type: ignore[type-var]
            async for batch in batches:
                state["night"], state["last_sequence"] = str(engine.progress.as_of_date), int(batch.newest.partition("-")[2])
                yield batch
    for failure in engine.progress.failures:
        _log.warning("%s: %s: %s", failure.request, failure.outcome, failure.reason)
    if engine.progress.stopped_by:
        raise Unreachable(f"the night was cut short: {engine.progress.stopped_by}")
