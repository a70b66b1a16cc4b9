"""What one HTTP answer of Bluum means, as pure functions: no socket, no clock, no state.

    (status, headers, bytes) --decipher--> Reply: an outcome, a parsed body or an error, and whether asking again helps

The four error shapes, the list shapes and Retry-After live here. Sending and waiting is `client.py`; which fields an
answer has is `endpoints.py` and `tables.py`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

from pipelines.schema.rows import as_json
from pipelines.schema.values import BOOLEAN, Json, Unreadable, printable

Sift: TypeAlias = Callable[[Json], Json]
"""What is kept of a member of a list. Where answers are sifted, an error is told by code and message alone."""
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


class Outcome(StrEnum):
    """How a request ended."""

    OK = "ok"
    ABSENT = "absent"  # 404 or 204: Bluum says there is none
    DISABLED = "disabled"  # 403 PRODUCT_NOT_ENABLED: the tenant has not bought it
    FAILED = "failed"  # refused, or gave up after retries
    REJECTED = "rejected"  # an answer came that cannot be read

    @property
    def is_good(self) -> bool:
        """Whether the question is answered, so that nobody has to ask again."""
        return self in (Outcome.OK, Outcome.ABSENT, Outcome.DISABLED)


@dataclass(frozen=True)
class Reply:
    """The meaning of one HTTP answer. `is_transient` says that asking again may help."""

    outcome: Outcome
    status: int | None = None
    body: Json = None
    code: str | None = None
    message: str | None = None
    is_transient: bool = False
    retry_after: float | None = None

    @property
    def is_unauthorized(self) -> bool:
        """Whether the credentials were refused: no request of this sync can succeed."""
        return self.status == 401


@dataclass(frozen=True)
class Exchange:
    """A finished request: the last attempt's meaning and bytes, and what it took to get there."""

    reply: Reply
    content: bytes
    started: float  # monotonic seconds
    ended: float
    attempts: int = 1
    rate_limited: int = 0
    request_id: str | None = None
    date: datetime | None = None  # the answer's Date header


def decipher(status: int, headers: Mapping[str, str], content: bytes, now: datetime, sift: Sift | None = None) -> Reply:
    """Read one answer, received at `now`. Never raises: an answer that cannot be read has the outcome `rejected`."""
    if status == 204:
        return Reply(Outcome.ABSENT, status)
    if 200 <= status < 300:
        try:
            body = parse(content, sift)
            if _is_error(body):
                raise Unreadable(f"an error under a success status: {error_of(content, sift)}")
            return Reply(Outcome.OK, status, body=body)
        except Unreadable as error:
            # A gateway's page or a cut body under a 200 is a fault of transport, not an answer: worth asking again.
            kind = headers.get("content-type", "no content type")
            return Reply(Outcome.REJECTED, status, message=f"HTTP {status} ({kind}): {error}", is_transient=True)
    told = error_of(content, sift)
    code, message = told or (None, None)
    message = message or f"HTTP {status} without a readable error body"
    # A 404 that is a gateway's page, or about a path nobody serves, does not say that Bluum has none.
    if status == 404 and code != "BLUM-404-002" and (told is not None or not content):
        return Reply(Outcome.ABSENT, status, code=code, message=message)
    if status == 403 and code == "PRODUCT_NOT_ENABLED":
        return Reply(Outcome.DISABLED, status, code=code, message=message)
    return Reply(
        Outcome.FAILED,
        status,
        code=code,
        message=message,
        is_transient=status in RETRIED_STATUSES,
        retry_after=retry_after(headers, now),
    )


def _is_error(body: Json) -> bool:
    """Whether a body under a success status is one of the error shapes; no answer has both a code and a message."""
    if not isinstance(body, dict):
        return False
    error = body.get("error")
    is_flat = isinstance(body.get("code"), str) and isinstance(body.get("message"), str)
    return is_flat or isinstance(error, dict) or (isinstance(error, str) and error != "") or body.get("status") == "error"


def parse(content: bytes, sift: Sift | None = None) -> Json:
    """Parse a JSON body with every digit: numbers become int or Decimal, never float.

    Of a list, `sift` says what is kept of each member, as soon as that is read; then they are held as `Texts`.
    Raises Unreadable for what is not one JSON text, and for an object that names a member twice.
    """
    try:
        text = content.decode("utf-8-sig")
        start = _past_space(text, 0)
        if sift and text.startswith("[", start):
            return Texts(as_json(sift(member)) for member in _members(text, start + 1))
        body: Json = _DECODER.decode(text)
        return body
    except _StandsTwice as error:
        raise Unreadable("a member stands twice in one object" if sift else str(error)) from None
    except UnicodeDecodeError as error:
        raise Unreadable("the body is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise Unreadable("the body is nested too deeply") from error


class Texts(Sequence[Json]):
    """A long list whose members are JSON texts until they are looked at, which takes a fifth of the memory."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = list(texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, place: Any) -> Any:
        found = self._texts[place]
        return _DECODER.decode(found) if isinstance(found, str) else Texts(found)

    def as_json(self) -> str:
        """The list as one JSON text."""
        return f"[{','.join(self._texts)}]"


def _members(text: str, at: int) -> Iterator[Json]:
    """The members of a JSON list that is all of a text and begins before this place."""
    at = _past_space(text, at)
    is_over = text.startswith("]", at)
    while not is_over:
        member, at = _DECODER.raw_decode(text, at)
        yield member
        at = _past_space(text, at)
        is_over = not text.startswith(",", at)
        at = at if is_over else _past_space(text, at + 1)
    if not text.startswith("]", at) or _past_space(text, at + 1) < len(text):
        raise json.JSONDecodeError("Expecting ',' delimiter or the end", text, at)


def _past_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _number(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond any use: left as text, which no numeric column accepts
        return digits


class _StandsTwice(Unreadable):
    """An object names a member twice; the message names it, too."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise _StandsTwice(f"the member {next(n for n in names if names.count(n) > 1)!r} stands twice in one object")
    return members


_DECODER = json.JSONDecoder(
    parse_float=_number,
    parse_int=_number,
    parse_constant=str,  # NaN and Infinity are no JSON; as text they fail in their own row, not in the body
    object_pairs_hook=_object,
)
_SPACE = re.compile(r"[ \t\n\r]*")


def error_of(content: bytes, sift: Sift | None = None) -> tuple[str | None, str | None] | None:
    """Code and message of an error body in any of the four published shapes; None for a body that is no JSON object.

    The message goes on with the details, but not where answers are sifted: they may repeat what is dropped there.
    """
    try:
        body = parse(content)
    except Unreadable:
        return None
    if not isinstance(body, dict):
        return None
    inner = body.get("error")
    fields: dict[str, Any] = inner if isinstance(inner, dict) else body
    code, message, detail = fields.get("code"), fields.get("message"), fields.get("details") or fields.get("param")
    message = inner if message is None and isinstance(inner, str) else message
    if sift:
        code, message = (value if isinstance(value, str | Decimal) else None for value in (code, message))
        detail = None
    text = None if message is None else printable(f"{message} ({detail})" if detail else str(message))
    return (None if code is None else printable(str(code))), text


def items(body: Json) -> tuple[Sequence[Json], bool | None]:
    """The items of a list answer and whether more pages exist (None: it is not told), by the body's shape, not by the path.

    Reads a bare array, an envelope or any object with an array in `data`, and `{"portfolios": [...]}`. Raises Unreadable.
    """
    if isinstance(body, list | Texts):
        return body, None
    if isinstance(body, dict):
        for name in ("data", "portfolios"):
            if isinstance(members := body.get(name), list):
                more = body.get("has_more")
                return members, None if more is None else BOOLEAN.read(more)
    raise Unreadable("expected a list")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the Retry-After header: whole seconds, or a date judged by the answer's own Date if it has one."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    return max(0.0, (until - (http_date(headers.get("date", "")) or now)).total_seconds())


@lru_cache(maxsize=8)  # the answers of one second have one date
def http_date(value: str) -> datetime | None:
    """An HTTP date as an instant in UTC; None for what is not one."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
