"""Reads the kept answers again, without asking Bluum: after the program has learned to read more, or to rebuild raw.

    raw.responses (bodies) --answers.py, as on the night--> typed rows, in place of those the same responses gave before

The log itself, raw.responses and raw.plan, stays: it is what happened. A response whose body was dropped keeps its rows.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pipelines.api.client import Exchange
from pipelines.api.endpoints import ENDPOINTS, Request, SyncContext
from pipelines.api.fetch import Answer, Page
from pipelines.api.paginator import Paginator
from pipelines.api.parse import Batch, Parser
from pipelines.api.wire import Outcome, decipher
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError
from pipelines.schema.tables import NEW_FIELDS, PLAN, QUARANTINE, RESPONSES
from pipelines.schema.values import Unreadable

_CHUNK = 2_000  # answers that are read and replaced in one transaction


class NothingKept(BluumError):
    """There is no answer to read again."""


@dataclass
class Replay:
    """What reading again came to."""

    responses: int = 0
    rows: int = 0
    quarantined: int = 0
    rejected: int = 0


def replay(warehouse: Warehouse, *, everything: bool = False) -> Replay:
    """Read kept answers again: those with quarantined rows or of an unreadable shape, or all of them.

    Each chunk is replaced in one transaction, so that a kill leaves every response either as it was or as it is now.
    """
    if not warehouse.tables():
        raise NothingKept(f"{warehouse.path} holds no answer yet: run `bluum sync` first")
    warehouse.sweep()
    result = Replay()
    for responses in warehouse.kept_answers(_CHUNK, troubled_only=not everything):
        batch = Batch()
        for _, pages in groupby(responses, key=lambda response: response["answer_id"]):
            _land(list(pages), batch)
        log = batch.rows.pop(RESPONSES.name)
        batch.rows.pop(PLAN.name, None)  # what was asked then was decided by what was known then
        warehouse.replace(batch, log)
        quarantined = len(batch.rows[QUARANTINE.name])
        result.responses += len(log)
        result.quarantined += quarantined
        result.rows += sum(map(len, batch.rows.values())) - quarantined - len(batch.rows[NEW_FIELDS.name])
        result.rejected += sum(response["outcome"] == Outcome.REJECTED for response in log)
    return result


def _land(responses: list[dict[str, Any]], batch: Batch) -> None:
    """Read one answer as on its night; what ended its list then ends it now."""
    first = responses[0]
    request = Request(first["endpoint"], first["account_id"], first["portfolio_id"], json.loads(first["params"]))
    ids = iter([response["response_id"] for response in responses])
    received: datetime = first["received_at"]
    parser = Parser(SyncContext(first["as_of_date"], first["surface"]), lambda _: received, lambda: next(ids), {})
    parser.parse(Answer(request, tuple(_pages(request, responses))), batch)


def _pages(request: Request, responses: list[dict[str, Any]]) -> Iterator[Page]:
    paginator = Paginator(request.params)
    for response in responses:
        content = response["body"].encode()
        reply = decipher(response["status"], {}, content, response["received_at"])
        exchange, params = Exchange(reply, content, 0.0, 0.0), json.loads(response["params"])
        if reply.outcome is not Outcome.OK or not ENDPOINTS[request.endpoint].is_paged:
            yield Page(params, exchange)
            continue
        try:
            yield Page(params, exchange, paginator.add(reply.body))
        except Unreadable as error:
            yield Page(params, exchange, problem=str(error))
