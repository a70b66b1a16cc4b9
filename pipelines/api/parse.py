"""Turns a finished answer into rows of the raw tables and into the requests it leads to.

    Answer (its pages) --> Batch: responses, typed rows, quarantine, new fields, plan --> and the follow-up requests

The same code reads an answer fresh from the API and one kept in raw.responses, so that reading again gives the same rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipelines.api.endpoints import ENDPOINTS, Piece, Request, SyncContext, params_text
from pipelines.api.fetch import Answer, Page
from pipelines.api.forgotten import is_forgotten
from pipelines.api.wire import Outcome
from pipelines.schema import tables
from pipelines.schema.rows import Quarantined, Record, Row, Rows, as_json, new_members, read
from pipelines.schema.table import Table
from pipelines.schema.values import Unreadable


@dataclass
class Batch:
    """Rows on their way into the raw tables, in order of arrival."""

    rows: dict[str, Rows] = field(default_factory=dict)
    newest: str = ""  # response_id of the newest response

    @classmethod
    def blank(cls, tables: Iterable[Table]) -> "Batch":
        """A batch that names tables and has no row of them: loading it only makes them what they are now."""
        return cls({table.name: Rows(table) for table in tables})

    def add(self, table: Table, row: Row) -> None:
        """Add one row."""
        if table.name not in self.rows:
            self.rows[table.name] = Rows(table)
        self.rows[table.name].add(row)

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
        if ENDPOINTS[answer.request.endpoint].is_personal and self.context.forgotten.digests:
            answer = replace(answer, pages=tuple(map(self._without_forgotten, answer.pages)))
        left_out = sum(is_forgotten(item) for page in answer.pages for item in page.items or ())
        ids = [self.next_id() for _ in answer.pages]
        counts: dict[str, int] = defaultdict(int)
        parsed = self._read(answer, ids, batch, counts)
        for number, (page, response_id) in enumerate(zip(answer.pages, ids, strict=True)):
            batch.add(tables.RESPONSES, self._response(answer, parsed, number, page, response_id, ids[0], counts))
            batch.newest = response_id
        self.plan(parsed.follow_ups, batch)
        return replace(parsed, left_out=left_out)

    def plan(self, requests: Iterable[Request], batch: Batch) -> None:
        """Note what the newest response of the batch tells us to ask."""
        for request in requests:
            names = ("endpoint", "account_id", "portfolio_id", "params")
            batch.add(tables.PLAN, self._stamped(batch.newest, dict(zip(names, request.key, strict=True))))

    def _without_forgotten(self, page: Page) -> Page:
        """A page of the roster without the accounts that were forgotten, in what is read of it and in what is kept."""
        reply, forgotten = page.exchange.reply, self.context.forgotten
        if (body := forgotten.without(reply.body)) == reply.body:
            return page
        exchange = replace(page.exchange, reply=replace(reply, body=body), content=as_json(body).encode())
        return replace(page, exchange=exchange, items=page.items and forgotten.without_items(page.items))

    def _read(self, answer: Answer, ids: list[str], batch: Batch, counts: dict[str, int]) -> ParseResult:
        if answer.outcome is not Outcome.OK:
            last = answer.pages[-1]
            return ParseResult(answer.outcome, last.problem or last.exchange.reply.message)
        seen: set[tuple[object, ...]] = set()
        try:
            read = [
                (response_id, piece, _row(piece, seen) if isinstance(piece, Record) else piece)
                for response_id, piece in self._pieces(answer, ids)
            ]
        except Unreadable as error:
            return ParseResult(Outcome.REJECTED, f"the answer has another shape: {error}")
        except (
            Exception
        ) as error:  # a defect of ours costs this answer and not the night; its body is kept for `bluum replay`
            return ParseResult(Outcome.REJECTED, f"this program failed to read it: {type(error).__name__}: {error}")
        follow_ups: list[Request] = []
        quarantined: list[Quarantined] = []
        source = {name: getattr(answer.request, name) for name in ("endpoint", "account_id", "portfolio_id")}
        for response_id, piece, row in read:
            if isinstance(row, Request):
                if row.endpoint in self.endpoints:
                    follow_ups.append(row)
                continue
            if isinstance(piece, Record):
                self._report_new_fields(answer.request.endpoint, piece, response_id, batch)
            if isinstance(row, Quarantined):
                quarantined.append(row)
                batch.add(tables.QUARANTINE, self._stamped(response_id, {**source, **row.row()}))
            elif isinstance(piece, Record):
                counts[response_id] += 1
                batch.add(piece.table, self._stamped(response_id, row))
        return ParseResult(Outcome.OK, None, tuple(dict.fromkeys(follow_ups)), tuple(quarantined))

    def _pieces(self, answer: Answer, ids: list[str]) -> Iterator[tuple[str, Piece]]:
        endpoint = ENDPOINTS[answer.request.endpoint]
        for page, response_id in zip(answer.pages, ids, strict=True):
            body = page.exchange.reply.body if page.items is None else page.items
            for piece in endpoint.read(answer.request, body, self.context):
                yield response_id, piece

    def _report_new_fields(self, endpoint: str, record: Record, response_id: str, batch: Batch) -> None:
        for name in new_members(record):
            news = (endpoint, record.table.name, name)
            if news not in self._reported:  # once a sync is enough: the bodies hold every occurrence
                self._reported.add(news)
                row = dict(zip(("endpoint", "table_name", "field"), news, strict=True))
                batch.add(tables.NEW_FIELDS, self._stamped(response_id, row))

    def _response(
        self,
        answer: Answer,
        parsed: ParseResult,
        number: int,
        page: Page,
        response_id: str,
        answer_id: str,
        counts: dict[str, int],
    ) -> Row:
        exchange, is_last = page.exchange, number == len(answer.pages) - 1
        return self._stamped(
            response_id,
            {
                "answer_id": answer_id,
                "page": number,
                "endpoint": answer.request.endpoint,
                "account_id": answer.request.account_id,
                "portfolio_id": answer.request.portfolio_id,
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


def _row(record: Record, seen: set[tuple[object, ...]]) -> Row | Quarantined:
    row = read(record)
    if isinstance(row, Quarantined) or not record.table.key:
        return row
    key = (record.table.name, *(row[name] for name in record.table.key))
    if key in seen:
        names = ", ".join(record.table.key)
        return Quarantined(
            record.table, names, row[record.table.key[-1]], f"{names} stands twice in one answer", record.payload
        )
    seen.add(key)
    return row
