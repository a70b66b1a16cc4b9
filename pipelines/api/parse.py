"""Turns a finished answer into rows of the raw tables and into the requests it leads to.

    Answer (its pages) --> Batch: responses, typed rows, quarantine, new fields, plan --> and the follow-up requests

The same code reads an answer fresh from the API and one kept in raw.responses, so that reading again gives the same rows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipelines.api.endpoints import ENDPOINTS, Piece, Request, SyncContext, params_text
from pipelines.api.fetch import Answer, Page
from pipelines.api.forgotten import is_forgotten
from pipelines.api.wire import Outcome, Texts
from pipelines.schema import tables
from pipelines.schema.rows import Quarantined, Record, Row, Rows, as_json, new_members, read
from pipelines.schema.table import Table
from pipelines.schema.values import Unreadable


@dataclass
class Batch:
    """Rows on their way into the raw tables, in order of arrival."""

    rows: dict[str, Rows] = field(default_factory=dict)
    newest: str = ""  # response_id of the newest response
    size: int = 0  # bytes of the answers that it was read from
    _is_used: bool = field(default=False, init=False)

    @classmethod
    def blank(cls, tables: Iterable[Table]) -> "Batch":
        """A batch that names tables and has no row of them: loading it only makes them what they are now."""
        return cls({table.name: Rows(table) for table in tables})

    def add(self, table: Table, row: Row) -> None:
        """Add one row."""
        if table.name not in self.rows:
            self.rows[table.name] = Rows(table)
        self.rows[table.name].add(row)

    def take(self, other: "Batch") -> None:
        """Take the rows of another batch, after one's own."""
        for name, rows in other.rows.items():
            if name in self.rows:
                self.rows[name].take(rows)
            else:
                self.rows[name] = rows

    def use_up(self) -> None:
        """Called by who loads it, before anything else. Raises ValueError for one that a load has used up already."""
        if self._is_used:
            raise ValueError("this batch has been used up by a load; its rows have to be read again")
        self._is_used = True

    def count(self, table: Table) -> int:
        """How many rows of a table the batch holds."""
        return len(self.rows.get(table.name, ()))

    @property
    def responses(self) -> int:
        """How many responses the batch holds."""
        return self.count(tables.RESPONSES)


@dataclass(frozen=True)
class ParseResult:
    """What reading an answer came to."""

    outcome: Outcome
    message: str | None = None
    follow_ups: tuple[Request, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    left_out: int = 0  # accounts of a roster that were forgotten


@dataclass
class _Reading:
    """What one answer has come to so far; it counts when the answer has been read to its end."""

    endpoint: str
    batch: Batch = field(default_factory=Batch)
    follow_ups: dict[Request, None] = field(default_factory=dict)  # each once, in order
    quarantined: list[Quarantined] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # rows, by response_id
    news: set[tuple[str, str, str]] = field(default_factory=set)
    seen: set[tuple[object, ...]] = field(default_factory=set)  # the keys of its rows


@dataclass
class Parser:
    """Reads the answers of one sync, and gives every response its id."""

    context: SyncContext
    at: Callable[[float], datetime]  # monotonic seconds -> the instant, by the API's clock
    next_id: Callable[[], str]
    origin: Row  # surface, base_url and run_id of this sync
    endpoints: frozenset[str] = frozenset(ENDPOINTS)  # what an answer leads to at others is not asked, and so not planned
    _reported: set[tuple[str, str, str]] = field(default_factory=set)

    def parse(self, answer: Answer, batch: Batch) -> ParseResult:
        """Read one answer into the batch: its responses, its rows, and the plan it makes."""
        left_out = 0
        if ENDPOINTS[answer.request.endpoint].is_personal and self.context.forgotten.digests:
            answer = replace(answer, pages=tuple(map(self._without_forgotten, answer.pages)))
            left_out = sum(is_forgotten(item) for page in answer.pages for item in page.items or ())
        ids = [self.next_id() for _ in answer.pages]
        counts = Counter[str]()
        parsed = self._read(answer, ids, batch, counts)
        for number, (page, response_id) in enumerate(zip(answer.pages, ids, strict=True)):
            batch.add(tables.RESPONSES, self._response(answer, parsed, number, page, response_id, ids[0], counts))
            batch.newest = response_id
            batch.size += len(page.exchange.content)
        self.plan(parsed.follow_ups, batch)
        return replace(parsed, left_out=left_out)

    def plan(self, requests: Iterable[Request], batch: Batch) -> None:
        """Note what the newest response of the batch tells us to ask."""
        for request in requests:
            batch.add(tables.PLAN, self._stamped(batch.newest, {**_about(request), "params": request.params_text}))

    def _without_forgotten(self, page: Page) -> Page:
        """A page of the roster without the accounts that were forgotten, in what is read of it and in what is kept."""
        reply, forgotten = page.exchange.reply, self.context.forgotten
        if (body := forgotten.without(reply.body)) is reply.body:
            return page
        text = body.as_json() if isinstance(body, Texts) else as_json(body)
        exchange = replace(page.exchange, reply=replace(reply, body=body), content=text.encode())
        return replace(page, exchange=exchange, items=page.items and forgotten.without_items(page.items))

    def _read(self, answer: Answer, ids: list[str], batch: Batch, counts: Counter[str]) -> ParseResult:
        if answer.outcome is not Outcome.OK:
            last = answer.pages[-1]
            return ParseResult(answer.outcome, last.problem or last.exchange.reply.message)
        reading = _Reading(answer.request.endpoint)
        try:
            for response_id, piece in self._pieces(answer, ids):
                self._take(piece, response_id, answer.request, reading)
        except Unreadable as error:
            return ParseResult(Outcome.REJECTED, f"the answer has another shape: {error}")
        except Exception as error:  # a defect of ours costs this answer and not the night; `bluum replay` has its body
            return ParseResult(Outcome.REJECTED, f"this program failed to read it: {type(error).__name__}: {error}")
        batch.take(reading.batch)
        self._reported |= reading.news
        counts.update(reading.counts)
        return ParseResult(Outcome.OK, None, tuple(reading.follow_ups), tuple(reading.quarantined))

    def _take(self, piece: Piece, response_id: str, request: Request, reading: "_Reading") -> None:
        if isinstance(piece, Request):
            if piece.endpoint in self.endpoints:
                reading.follow_ups[piece] = None
            return
        row = _row(piece, reading.seen) if isinstance(piece, Record) else piece
        if isinstance(piece, Record):
            self._report_new_fields(piece, response_id, reading)
        if isinstance(row, Quarantined):
            reading.quarantined.append(row)
            reading.batch.add(tables.QUARANTINE, self._stamped(response_id, {**_about(request), **row.row()}))
        else:
            reading.counts[response_id] += 1
            reading.batch.add(piece.table, self._stamped(response_id, row))

    def _pieces(self, answer: Answer, ids: list[str]) -> Iterator[tuple[str, Piece]]:
        endpoint = ENDPOINTS[answer.request.endpoint]
        for page, response_id in zip(answer.pages, ids, strict=True):
            body = page.exchange.reply.body if page.items is None else page.items
            for piece in endpoint.read(answer.request, body, self.context):
                yield response_id, piece

    def _report_new_fields(self, record: Record, response_id: str, reading: "_Reading") -> None:
        for name in new_members(record):
            news = (reading.endpoint, record.table.name, name)
            if news not in self._reported and news not in reading.news:  # once a sync is enough: the bodies hold them all
                reading.news.add(news)
                row = dict(zip(("endpoint", "table_name", "field"), news, strict=True))
                reading.batch.add(tables.NEW_FIELDS, self._stamped(response_id, row))

    def _response(
        self,
        answer: Answer,
        parsed: ParseResult,
        number: int,
        page: Page,
        response_id: str,
        answer_id: str,
        counts: Counter[str],
    ) -> Row:
        exchange, is_last = page.exchange, number == len(answer.pages) - 1
        return self._stamped(
            response_id,
            {
                "answer_id": answer_id,
                "page": number,
                **_about(answer.request),
                "params": params_text(page.params),
                "status": exchange.reply.status,
                "outcome": str(parsed.outcome if is_last else Outcome.OK),
                "row_count": counts[response_id],
                "attempts": exchange.attempts,
                "rate_limited": exchange.rate_limited,
                "requested_at": self.at(exchange.started),
                "received_at": self.at(exchange.ended),
                "request_id": exchange.request_id,
                "error_code": exchange.reply.code,
                "error_message": parsed.message if is_last else None,
                "body": exchange.content.decode(errors="backslashreplace") or None,
                **self.origin,
            },
        )

    def _stamped(self, response_id: str, row: Row) -> Row:
        return {"response_id": response_id, "as_of_date": self.context.as_of_date, **row}


def _about(request: Request) -> Row:
    """What a request asks, and of whom, as columns."""
    return {"endpoint": request.endpoint, "account_id": request.account_id, "portfolio_id": request.portfolio_id}


def _row(record: Record, seen: set[tuple[object, ...]]) -> Row | Quarantined:
    row = read(record)
    if isinstance(row, Quarantined) or not record.table.key:
        return row
    key = (record.table.name, *(row[name] for name in record.table.key))
    if None in key:
        return row  # it has no name by which it could stand twice
    if key in seen:
        names = ", ".join(record.table.key)
        return Quarantined(
            record.table, names, row[record.table.key[-1]], f"{names} stands twice in one answer", record.payload
        )
    seen.add(key)
    return row
