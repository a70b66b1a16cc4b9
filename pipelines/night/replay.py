"""Reads the kept answers again, without asking Bluum: after the program has learned to read more, or to rebuild raw.

    raw.responses (bodies) --parse.py, as on the night--> batches --source.py, as on the night--> raw.*

An answer that was read again is loaded again, with its responses: the rows of its newest load count, and those of the load
before are deleted. raw.plan stays: it is what happened. A response whose body was dropped keeps its rows.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pipelines.api.endpoints import ENDPOINTS, Request, SyncContext
from pipelines.api.fetch import Answer, Page
from pipelines.api.paginator import Paginator
from pipelines.api.parse import Batch, Parser
from pipelines.api.wire import Exchange, Outcome, decipher
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import BluumError
from pipelines.schema.rows import Rows
from pipelines.schema.tables import NEW_FIELDS, PLAN, QUARANTINE, RESPONSES
from pipelines.schema.values import Unreadable

_NO_RECORDS = (RESPONSES.name, NEW_FIELDS.name, QUARANTINE.name)
_CHUNK = 2_000  # answers that are read and loaded at once


class NothingKept(BluumError):
    """There is no answer to read again."""


@dataclass
class Replay:
    """What reading again came to."""

    responses: int = 0
    rows: int = 0
    quarantined: int = 0
    rejected: int = 0

    def note(self, batch: Batch) -> None:
        """Count what a batch holds."""
        typed = (rows for name, rows in batch.rows.items() if name not in _NO_RECORDS)
        self.responses += batch.responses
        self.quarantined += batch.count(QUARANTINE)
        self.rows += sum(map(len, typed))
        outcomes = batch.rows[RESPONSES.name].arrow().column("outcome").to_pylist()
        self.rejected += outcomes.count(Outcome.REJECTED)


def replay(warehouse: Warehouse, *, everything: bool = False) -> Replay:
    """Read kept answers again: those with quarantined rows or of an unreadable shape, or all of them.

    A kill leaves every response as it was or as it is now: before a load commits it does not count, and after that the rows
    it replaces do not; what does not count is deleted at once, or after a kill by the next sweep.

    Raises NothingKept before the first night.
    """
    warehouse.mend()
    warehouse.sweep()
    warehouse.upgrade()
    if not warehouse.committed_loads():
        raise NothingKept(f"{warehouse.store} holds no answer yet: run `bluum sync` first")
    result = Replay()
    for responses in warehouse.kept_answers(_CHUNK, troubled_only=not everything):
        batch = read_again(responses)
        result.note(batch)  # loading takes the rows out of it
        warehouse.load(batch)
        warehouse.drop_superseded()
    return result


def read_again(responses: list[dict[str, Any]]) -> Batch:
    """The batch that kept responses come to, the pages of an answer standing together: their rows, and their log anew."""
    batch = Batch()
    for _, pages in groupby(responses, key=lambda response: response["answer_id"]):
        _land(list(pages), batch)
    batch.rows.pop(PLAN.name, None)  # what was asked then was decided by what was known then
    log = batch.rows[RESPONSES.name].arrow()
    concluded = log.select(["response_id", "outcome", "row_count", "error_message"]).to_pylist()
    now = {row["response_id"]: row for row in concluded}
    batch.rows[RESPONSES.name] = Rows(RESPONSES, (kept | now[kept["response_id"]] for kept in responses))
    return batch


def _land(responses: list[dict[str, Any]], batch: Batch) -> None:
    """Read one answer as on its night; what ended its list then ends it now."""
    first = responses[0]
    request = Request(first["endpoint"], first["account_id"], first["portfolio_id"], json.loads(first["params"]))
    ids = iter([response["response_id"] for response in responses])
    received: datetime = first["received_at"]
    parser = Parser(SyncContext(first["as_of_date"], first["surface"]), lambda _: received, lambda: next(ids), {})
    parser.parse(Answer(request, tuple(_pages(request, responses))), batch)


def _pages(request: Request, responses: list[dict[str, Any]]) -> Iterator[Page]:
    paginator = Paginator(request.params, is_steady=responses[-1]["outcome"] == Outcome.OK)
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
