"""One JSON value into one column value: exactly or not at all."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pipelines.api.wire import parse
from pipelines.schema.values import BOOLEAN, DATE, INTEGER, JSON, MONEY, PERCENT, QUANTITY, TEXT, TIMESTAMP, Kind, Unreadable


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def landed(duck: duckdb.DuckDBPyConnection, kind: Kind, value: Any) -> Any:
    """A JSON value as DuckDB has it in the end, by the way every raw column takes."""
    column = pa.Table.from_pylist([{"it": kind.read(value)}], schema=pa.schema([pa.field("it", kind.arrow)]))
    duck.register("fresh", column)
    duck.execute("create or replace temp table landed as select * from fresh")
    return duck.execute("select it from landed").fetchall()[0][0]


# ------------------------------------------------------------------ decimals


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("10.5", "10.500000000000000000"),
        ("5.0", "5.000000000000000000"),
        ("5", "5.000000000000000000"),
        ("0.0000", "0E-18"),
        ("-0", "0E-18"),
        ("-12.345", "-12.345000000000000000"),
        ("0.000000000000000001", "1E-18"),
        ("0.123456789012345678", "0.123456789012345678"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
        ("-99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999"),
        ("0.1", "0.100000000000000000"),  # the one a float cannot hold
        ("1e3", "1000.000000000000000000"),
        ("1.5E-17", "0.000000000000000015"),
        ("1.10000000000000000000000000000000000000000000", "1.100000000000000000"),  # zeros are no digits
        ("0e400000", "0E-18"),
        ("+7.25", "7.250000000000000000"),
        (".5", "0.500000000000000000"),
        ("00012.50", "12.500000000000000000"),
    ],
)
def test_decimal_text_lands_digit_for_digit(duck: duckdb.DuckDBPyConnection, text: str, stored: str) -> None:
    assert str(landed(duck, QUANTITY, text)) == str(Decimal(stored))


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (QUANTITY, "0.0000000000000000001", "19 decimals, the column keeps 18"),
        (QUANTITY, "100000000000000000000", "21 digits before the point, the column keeps 20"),
        (MONEY, "1.0000000001", "10 decimals, the column keeps 9"),
        (MONEY, "100000000000000000000000000000", "30 digits before the point, the column keeps 29"),
        (PERCENT, "2.5600000001", "10 decimals, the column keeps 9"),
        (MONEY, "1e400000", "400001 digits before the point, the column keeps 29"),
        (MONEY, "1e-400000", "400000 decimals, the column keeps 9"),
        (MONEY, "", "an empty text is not a number"),
        (MONEY, "NaN", "not a decimal number"),
        (MONEY, "Infinity", "not a decimal number"),
        (MONEY, "-inf", "not a decimal number"),
        (MONEY, "twelve", "not a decimal number"),
        (MONEY, "1,234.50", "not a decimal number"),
        (MONEY, "1 234", "not a decimal number"),
        (MONEY, " 5", "not a decimal number"),
        (MONEY, "5\n", "not a decimal number"),
        (MONEY, "1_000", "not a decimal number"),
        (MONEY, "$5", "not a decimal number"),
        (MONEY, "٥", "not a decimal number"),  # a digit elsewhere, and int() would take it
        (MONEY, "0x10", "not a decimal number"),
        (MONEY, ".", "not a decimal number"),
        (MONEY, "1e", "not a decimal number"),
        (MONEY, True, "expected a number, got a boolean"),
        (MONEY, [], "expected a number, got a list"),
        (MONEY, {"amount": "5"}, "expected a number, got an object"),
    ],
)
def test_what_its_column_cannot_hold_is_unreadable_and_never_rounded(kind: Kind, text: Any, reason: str) -> None:
    with pytest.raises(Unreadable) as raised:
        kind.read(text)
    assert str(raised.value) == reason


FITTING = st.builds(lambda units, places: f"{units}e-{places}", st.integers(-(10**20) + 1, 10**20 - 1), st.integers(0, 18))
"""Any value of up to 20 digits with up to 18 of them behind the point, spelled with an exponent."""


@given(FITTING)
@example("99999999999999999999e-0")
@example("-1e-18")
def test_any_quantity_that_fits_comes_back_from_duckdb_as_the_same_number(text: str) -> None:
    with duckdb.connect() as duck:
        assert landed(duck, QUANTITY, text) == Decimal(text)


@given(st.integers(-(10**38) + 1, 10**38 - 1))
@example(10**38 - 1)
def test_any_38_digits_of_money_come_back_from_duckdb_as_the_same_number(units: int) -> None:
    digits = f"{abs(units):039d}"
    text = f"{'-' if units < 0 else ''}{digits[:-9]}.{digits[-9:]}"
    with duckdb.connect() as duck:
        assert f"{landed(duck, MONEY, text):f}".lstrip("-").zfill(40) == text.lstrip("-").zfill(40)
        assert (landed(duck, MONEY, text) < 0) == (units < 0)


@given(st.integers(1, 10**30), st.integers(-60, 60), st.booleans())
def test_a_number_either_lands_as_it_is_or_is_unreadable(units: int, exponent: int, negative: bool) -> None:
    text = f"{'-' if negative else ''}{units}e{exponent}"
    written_out = f"{Decimal(text):f}"
    whole, _, fraction = written_out.lstrip("-").partition(".")
    fits = len(whole.lstrip("0")) <= 29 and len(fraction.rstrip("0")) <= 9
    if fits:
        assert MONEY.read(text) == Decimal(text)
    else:
        with pytest.raises(Unreadable):
            MONEY.read(text)


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_a_json_number_is_read_as_its_own_digits_in_quotes_would_be(digits: str) -> None:
    def read(body: str) -> object:
        try:
            return MONEY.read(parse(body.encode()))
        except Unreadable as error:
            return str(error)

    assert read(digits) == read(f'"{digits}"')


@given(st.text(max_size=12))
def test_no_text_makes_a_reader_fall_over(text: str) -> None:
    for kind in (QUANTITY, MONEY, PERCENT, INTEGER, BOOLEAN, DATE, TIMESTAMP, TEXT, JSON):  # the claim is about all kinds
        try:
            kind.read(text)
        except Unreadable:
            continue


def test_the_decimal_context_of_the_caller_changes_nothing() -> None:
    from decimal import localcontext

    with localcontext(prec=3):
        assert MONEY.read("12345678901234567890.123456789") == Decimal("12345678901234567890.123456789")


# ------------------------------------------------------------------ whole numbers and booleans


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (Decimal(3), 3),
        ("3", 3),
        (Decimal("3.0"), 3),
        ("15.000", 15),
        ("1e3", 1000),
        (Decimal("-0"), 0),
        ("9223372036854775807", 9223372036854775807),
        ("-9223372036854775808", -9223372036854775808),
        (Decimal("0e17"), 0),
    ],
)
def test_whole_numbers(value: Any, whole: int) -> None:
    assert INTEGER.read(value) == whole
    assert type(INTEGER.read(value)) is int


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("3.5", "not a whole number"),
        (Decimal("1e-400"), "not a whole number"),
        ("9223372036854775808", "does not fit a 64-bit integer"),
        ("-9223372036854775809", "does not fit a 64-bit integer"),
        (Decimal("1e400000"), "does not fit a 64-bit integer"),
        (True, "expected a number, got a boolean"),
        ("15-20 years", "not a decimal number"),
        (None, "expected a number"),
    ],
)
def test_what_is_no_whole_number_of_64_bits(value: Any, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        INTEGER.read(value)


@pytest.mark.parametrize(("value", "truth"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_booleans(value: Any, truth: bool) -> None:
    assert BOOLEAN.read(value) is truth


@pytest.mark.parametrize("value", ["True", "yes", "", "0", Decimal(1), Decimal(0), [], {}])
def test_nothing_else_is_a_boolean(value: Any) -> None:
    with pytest.raises(Unreadable, match="expected true or false"):
        BOOLEAN.read(value)


# ------------------------------------------------------------------ days and instants


def test_a_day() -> None:
    assert DATE.read("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "value",
    [
        "2025-02-29", "2025-13-01", "2025-00-10", "2025-1-5", "20250115", "2025-01-15T00:00:00Z", "15.01.2025", "",
        "2025-01-15\n", "٢٠٢٥-٠١-١٥", Decimal(20250115), True, None, ["2025-01-15"],
    ],
)  # fmt: skip
def test_what_is_no_day(value: Any) -> None:
    with pytest.raises(Unreadable):
        DATE.read(value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-01-15T14:30:15Z", datetime(2025, 1, 15, 14, 30, 15, tzinfo=UTC)),
        ("2025-01-15T14:30:15.5Z", datetime(2025, 1, 15, 14, 30, 15, 500000, tzinfo=UTC)),
        ("2025-01-15T14:30:15.123Z", datetime(2025, 1, 15, 14, 30, 15, 123000, tzinfo=UTC)),
        ("2025-01-15T14:30:15.123456Z", datetime(2025, 1, 15, 14, 30, 15, 123456, tzinfo=UTC)),
        ("2025-01-15T14:30:15.123456000Z", datetime(2025, 1, 15, 14, 30, 15, 123456, tzinfo=UTC)),
        ("2025-01-15T14:30:15", datetime(2025, 1, 15, 14, 30, 15, tzinfo=UTC)),
        ("2025-01-15 14:30:15Z", datetime(2025, 1, 15, 14, 30, 15, tzinfo=UTC)),
        ("2025-01-15T23:30:15-05:00", datetime(2025, 1, 16, 4, 30, 15, tzinfo=UTC)),
        ("2025-01-15T04:00:00+05:30", datetime(2025, 1, 14, 22, 30, tzinfo=UTC)),
        ("2025-01-15T04:00:00+0530", datetime(2025, 1, 14, 22, 30, tzinfo=UTC)),
        ("2025-01-15t14:30:15z", datetime(2025, 1, 15, 14, 30, 15, tzinfo=UTC)),
    ],
)
def test_an_instant_lands_in_utc_to_the_microsecond(duck: duckdb.DuckDBPyConnection, text: str, instant: datetime) -> None:
    assert TIMESTAMP.read(text) == instant
    assert landed(duck, TIMESTAMP, text) == instant


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2025-01-15T14:30:15.1234567Z", "finer than a microsecond"),
        ("2025-02-30T00:00:00Z", "no such instant"),
        ("2025-01-15T25:00:00Z", "no such instant"),
        ("0001-01-01T00:00:00+05:00", "no such instant"),
        ("2025-01-15", "not an ISO 8601 timestamp"),
        ("yesterday", "not an ISO 8601 timestamp"),
        ("", "not an ISO 8601 timestamp"),
        (Decimal(1747776000), "not an ISO 8601 timestamp"),
    ],
)
def test_what_is_no_instant(text: Any, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        TIMESTAMP.read(text)


@given(st.datetimes(timezones=st.just(UTC)))
@settings(max_examples=50)
def test_any_instant_comes_back_from_duckdb(moment: datetime) -> None:
    with duckdb.connect() as duck:
        duck.execute("set TimeZone = 'UTC'")
        assert landed(duck, TIMESTAMP, moment.isoformat()) == moment


# ------------------------------------------------------------------ text and nested values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("  spaces stay ", "  spaces stay "),
        ("Zürich 🚀", "Zürich 🚀"),
        (Decimal(17), "17"),
        (Decimal("5.00"), "5.00"),
        ("nul\x00inside", "nul\x00inside"),
    ],
)
def test_text_is_kept_as_received(duck: duckdb.DuckDBPyConnection, value: Any, text: str) -> None:
    assert TEXT.read(value) == text
    assert landed(duck, TEXT, value) == text


@pytest.mark.parametrize("value", [True, ["a"], {"a": "b"}, "\ud83d"])
def test_what_is_no_text(value: Any) -> None:
    with pytest.raises(Unreadable):
        TEXT.read(value)


@given(st.text())
def test_any_text_that_utf8_can_carry_comes_back(text: str) -> None:
    assume(not any("\ud800" <= character <= "\udfff" for character in text))
    assert TEXT.read(text) == text


def test_a_nested_value_keeps_every_digit_and_name() -> None:
    body = b'{"b": [1.10, 12345678901234567890.123456789, null, true], "a": {"\xc3\xa4": "x"}}'
    kept = JSON.read(parse(body))
    assert kept == '{"b":[1.10,12345678901234567890.123456789,null,true],"a":{"\\u00e4":"x"}}'
    assert json.loads(kept) == json.loads(body)
