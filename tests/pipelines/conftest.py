"""Reads a body as one answer of Bluum, without HTTP, and shows the rows it came to."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.api.endpoints import ENDPOINTS, Request, SyncContext
from pipelines.api.fetch import Answer, Page
from pipelines.api.parse import Batch, Parser, ParseResult
from pipelines.api.privacy import account, strip
from pipelines.api.wire import Exchange, decipher, items

SAMPLES = Path(__file__).parent / "samples"
RECEIVED = datetime(2025, 1, 15, 22, 0, 5, tzinfo=UTC)


@dataclass
class Landed:
    """What one or more answers of a night came to."""

    night: SyncContext
    batch: Batch = field(default_factory=Batch)
    results: list[ParseResult] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def answer(
        self, endpoint: str, body: object, account_id: str | None = "acc_1", portfolio_id: str | None = None, **params: str
    ) -> ParseResult:
        """Read a body (bytes, or a value to be written as JSON) as the answer to a request of this night."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        is_personal = ENDPOINTS[endpoint].is_personal
        reply = decipher(200, {}, content, RECEIVED, account if is_personal else None)
        exchange = Exchange(reply, content, 0.0, 0.0, request_id="req_1")
        if is_personal:
            exchange = strip(exchange)
        listed = items(exchange.reply.body)[0] if ENDPOINTS[endpoint].is_paged else None
        request = Request(endpoint, account_id, portfolio_id, params)
        parser = Parser(self.night, lambda seconds: RECEIVED, lambda: f"r{next(self._ids)}", {"surface": self.night.surface})
        self.results.append(parser.parse(Answer(request, (Page(params, exchange, listed),)), self.batch))
        return self.results[-1]

    def sample(self, name: str) -> bytes:
        """A sample body as the published pages print it."""
        return (SAMPLES / f"{name}.json").read_bytes()

    def held(self, table: str) -> list[dict[str, Any]]:
        """The rows of a raw table as they are loaded."""
        return self.batch.rows[table].arrow().to_pylist() if table in self.batch.rows else []

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a raw table, without what every row has and without what is null."""
        hidden = ("response_id", "as_of_date")
        return [
            {name: value for name, value in row.items() if name not in hidden and value is not None}
            for row in self.held(table)
        ]

    @property
    def tables(self) -> dict[str, int]:
        """How many rows each table got."""
        return {name: len(rows) for name, rows in self.batch.rows.items() if rows}

    @property
    def quarantine(self) -> list[tuple[str, str, str]]:
        """Table, field and reason of what could not be read."""
        return [(row["table_name"], row["field"], row["reason"]) for row in self.held("quarantine")]

    @property
    def new_fields(self) -> list[tuple[str, str]]:
        """Table and name of the members that nobody knows."""
        return [(row["table_name"], row["field"]) for row in self.held("new_fields")]


@pytest.fixture
def landed() -> Landed:
    """A night of the account surface, 15 January 2025, on which nothing has been asked yet."""
    return Landed(SyncContext(date(2025, 1, 15), "accounts"))


@pytest.fixture
def landed_on() -> Callable[..., Landed]:
    """Any other night: surface, and whatever else SyncContext takes."""
    return lambda surface="accounts", **more: Landed(SyncContext(date(2025, 1, 15), surface, **more))
