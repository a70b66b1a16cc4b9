"""Reads one JSON value into one column value, exactly or not at all.

    JSON value (text, Decimal, int, bool, null) -> Kind.read -> column value | Unreadable

A value is never rounded, truncated or passed through a float: what its column cannot hold digit for digit raises
`Unreadable`, and the caller quarantines the row. Which column has which kind is said in `tables.py`, not here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, TypeAlias

import pyarrow as pa
import simplejson

Json: TypeAlias = str | int | Decimal | bool | Sequence[Any] | dict[str, Any] | None

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_INT64 = range(-(2**63), 2**63)


class Unreadable(ValueError):
    """A value that its column cannot hold exactly; the message is the reason, without the value itself."""


@dataclass(frozen=True)
class Kind:
    """A column type: what lands, in Arrow's words and in dlt's, and the exact reading of a JSON value into it."""

    name: str
    arrow: pa.DataType
    read: Callable[[Json], Any]
    hint: Mapping[str, Any]  # the same type in dlt's words, for any destination


def printable(text: str) -> str:
    """Text that UTF-8 can carry: half of a surrogate pair, which JSON can spell, becomes its escape."""
    return text.encode(errors="backslashreplace").decode()


def _text(value: Json) -> str:
    match value:
        case str():
            text = value
        case bool():
            raise Unreadable("expected text, got a boolean")
        case int() | Decimal():
            text = str(value)
        case _:
            raise Unreadable(f"expected text, got {_shape(value)}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Unreadable("text holds half of a surrogate pair, which UTF-8 cannot carry") from error
    return text


def _number(value: Json) -> Decimal:
    match value:
        case bool():
            raise Unreadable("expected a number, got a boolean")
        case int() | Decimal():
            return Decimal(value)
        case str() if _DECIMAL.fullmatch(value):
            return Decimal(value)
        case str():
            raise Unreadable("not a decimal number" if value else "an empty text is not a number")
        case _:
            raise Unreadable(f"expected a number, got {_shape(value)}")


def _decimal(precision: int, scale: int) -> Callable[[Json], Decimal]:
    exact = Context(prec=precision, traps=[Inexact, InvalidOperation])
    smallest = Decimal(1).scaleb(-scale)

    def read(value: Json) -> Decimal:
        number = _number(value)
        if not number:
            return Decimal(0)  # whatever its sign and exponent
        try:
            return exact.quantize(number, smallest)
        except (Inexact, InvalidOperation):
            raise Unreadable(_why_not(number, precision, scale)) from None

    return read


def _why_not(number: Decimal, precision: int, scale: int) -> str:
    """What of a number its column cannot keep. Judged on digits and exponent, so that 1e400000 costs nothing."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    significant = "".join(map(str, digits)).rstrip("0")
    exponent += len(digits) - len(significant)
    if -exponent > scale:
        return f"{-exponent} decimals, the column keeps {scale}"
    return f"{len(significant) + exponent} digits before the point, the column keeps {precision - scale}"


def _integer(value: Json) -> int:
    number = _number(value)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if number and number.adjusted() > 18:
        raise Unreadable("does not fit a 64-bit integer")
    if exponent < 0 and number != number.to_integral_value():
        raise Unreadable("not a whole number")
    if int(number) not in _INT64:
        raise Unreadable("does not fit a 64-bit integer")
    return int(number)


def _boolean(value: Json) -> bool:
    match value:
        case bool():
            return value
        case "true" | "false":
            return value == "true"
        case _:
            raise Unreadable(f"expected true or false, got {_shape(value)}")


def _date(value: Json) -> date:
    if not isinstance(value, str) or not (match := _DATE.fullmatch(value)):
        raise Unreadable("not a date of the form YYYY-MM-DD")
    try:
        return date(*map(int, match.groups()))
    except ValueError as error:
        raise Unreadable(f"no such day: {error}") from error


def _timestamp(value: Json) -> datetime:
    """An instant in UTC; a timestamp without a zone is UTC, as the API documents all of its timestamps."""
    if not isinstance(value, str) or not (match := _TIMESTAMP.fullmatch(value)):
        raise Unreadable("not an ISO 8601 timestamp")
    day, time, fraction, zone = match.groups()
    if fraction and fraction[6:].strip("0"):
        raise Unreadable("finer than a microsecond")
    zone = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        return datetime.fromisoformat(f"{day}T{time}.{(fraction or '')[:6]:0<6}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"no such instant: {error}") from error


def _json(value: Json) -> str:
    try:
        text = simplejson.dumps(value, use_decimal=True, ensure_ascii=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    return text


def _shape(value: Json) -> str:
    return {dict: "an object", list: "a list", bool: "a boolean", str: "text"}.get(type(value), "a number")


def _decimal_kind(name: str, precision: int, scale: int) -> Kind:
    hint = {"data_type": "decimal", "precision": precision, "scale": scale}
    return Kind(name, pa.decimal128(precision, scale), _decimal(precision, scale), hint)


TEXT = Kind("text", pa.string(), _text, {"data_type": "text"})
INTEGER = Kind("integer", pa.int64(), _integer, {"data_type": "bigint"})
BOOLEAN = Kind("boolean", pa.bool_(), _boolean, {"data_type": "bool"})
DATE = Kind("date", pa.date32(), _date, {"data_type": "date"})
TIMESTAMP = Kind(
    "timestamp", pa.timestamp("us", tz="UTC"), _timestamp, {"data_type": "timestamp", "precision": 6, "timezone": True}
)
QUANTITY = _decimal_kind("quantity", 38, 18)
"""Units held and prices per unit."""
MONEY = _decimal_kind("money", 38, 9)
"""Amounts in the currency that stands beside them."""
PERCENT = _decimal_kind("percent", 38, 9)
"""Percentage points: 2.56 means 2.56 %."""
JSON = Kind("json", pa.string(), _json, {"data_type": "text"})
"""A nested value whose keys are data, kept as JSON text with every digit."""
