"""Opening bi.duckdb to read it: exact, read-only, and never last night's answer."""

import os
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from pipelines.errors import BluumError
from reading import Marts, questions
from reading.marts import NothingPublished

LONGEST = Decimal("12345678901234567890.123456789012345678")


def _publish(path: Path, amount: Decimal) -> None:
    """A bi.duckdb with one amount, put in the place of the one before, as publishing does."""
    fresh = path.with_suffix(".new")
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.t (amount decimal(38, 18), seen_at timestamptz)")
        connection.execute("insert into marts.t values (?, '2022-03-01 12:00:00+00')", [amount])
        connection.execute("create view marts.v as select amount from marts.t")
    os.replace(fresh, path)


@pytest.fixture
def bi(tmp_path: Path) -> Path:
    path = tmp_path / "it's bi.duckdb"
    _publish(path, LONGEST)
    return path


def test_a_decimal_of_38_digits_is_exact_in_every_form(bi: Path) -> None:
    answer = Marts(bi).sql("select amount from marts.v")
    assert answer.arrow().column("amount").to_pylist() == [LONGEST]
    assert answer.polars()["amount"].to_list() == [LONGEST]
    assert answer.pandas()["amount"].tolist() == [LONGEST]
    assert answer.pandas()["amount"].sum() == LONGEST
    assert answer.row() == {"amount": LONGEST}


def test_the_next_question_sees_the_night_that_was_published_since(bi: Path) -> None:
    marts = Marts(bi)
    with marts.open() as kept_open:
        _publish(bi, Decimal(2))
        assert marts.sql("select amount from marts.t").rows() == [{"amount": Decimal(2)}]
        assert kept_open.execute("select amount from marts.t").fetchone() == (LONGEST,)


def test_times_are_in_utc_wherever_the_reader_is(bi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert Marts(bi).sql("select seen_at from marts.t").table.schema.field("seen_at").type == pa.timestamp("us", tz="UTC")


def test_nothing_can_be_written(bi: Path) -> None:
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        Marts(bi).sql("delete from marts.t")


def test_a_file_that_is_not_there_yet_is_a_line_that_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(BluumError, match=r"there is no .*bi\.duckdb yet; `bluum sync` makes it"):
        Marts(tmp_path / "bi.duckdb").sql("select 1")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "bi.duckdb").write_text("not a database")
    with pytest.raises(BluumError, match=r"bi\.duckdb cannot be read: "):
        Marts(tmp_path / "bi.duckdb").sql("select 1")


def test_an_unknown_question_or_parameter_is_answered_with_those_there_are(bi: Path) -> None:
    with pytest.raises(BluumError, match=r"no question 'outside'; there are: .*outside_policy"):
        Marts(bi).ask("outside")
    with pytest.raises(BluumError, match="no parameter 'account'; it has: none"):
        Marts(bi).ask("firm", account="acc_1")


def test_every_question_says_in_a_sentence_what_it_asks() -> None:
    assert len(questions()) >= 12
    for question in questions().values():
        assert question.title.endswith("?"), question.name


def test_sums_by_group_are_exact_in_polars_and_in_pandas(bi: Path) -> None:
    answer = Marts(bi).sql("select unnest(['a', 'a', 'b']) as account_id, amount from marts.t")
    by_polars = answer.polars().group_by("account_id", maintain_order=True).agg(pl.col("amount").sum())
    twice = Decimal("24691357802469135780.246913578024691356")  # 2 * LONGEST keeps 28 digits
    assert by_polars["amount"].to_list() == [twice, LONGEST]
    by_pandas = answer.pandas().groupby("account_id")["amount"].sum()
    assert by_pandas.tolist() == [twice, LONGEST]
    assert str(by_pandas.dtype) == "decimal128(38, 18)[pyarrow]"


def test_a_path_that_cannot_be_looked_at_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="cannot be read: File name too long"):
        Marts(tmp_path / ("x" * 300)).ask("earned")
