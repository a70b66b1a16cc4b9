"""Rows of batches, handed to each table's puller: in any order, each row once, and only as far as somebody pulls."""

from collections.abc import Generator

import pytest

from pipelines.api.feed import Feed
from pipelines.api.parse import Batch

A, B = [{"n": 1}], [{"n": 2}]


class Source:
    """Two batches, and how often they were opened, how far they were read, and whether they were closed."""

    def __init__(self) -> None:
        self.opened: list[frozenset[str]] = []
        self.given = 0
        self.closed = False
        self.feed = Feed(self.open)

    def open(self, tables: frozenset[str]) -> Generator[Batch, None, None]:
        self.opened.append(tables)
        try:
            for rows in (A, B):
                self.given += 1
                yield Batch({"left": list(rows), "right": list(rows), "nobody's": list(rows)})
        finally:
            self.closed = True


@pytest.fixture
def source() -> Source:
    return Source()


BOTH = frozenset({"left", "right"})


def test_pullers_in_turn_get_each_row_once_and_share_one_reading(source: Source) -> None:
    left, right = source.feed.pull("left", BOTH), source.feed.pull("right", BOTH)
    assert [next(left), next(right), next(left), next(right)] == [A, A, B, B]
    assert [*left, *right] == []
    assert (source.opened, source.given) == ([BOTH], 2)


def test_one_puller_after_the_other_gets_the_same(source: Source) -> None:
    assert list(source.feed.pull("left", BOTH)) == [A, B]
    assert list(source.feed.pull("right", BOTH)) == [A, B]
    assert source.opened == [BOTH]


def test_a_batch_is_read_when_somebody_needs_it(source: Source) -> None:
    left = source.feed.pull("left", BOTH)
    assert source.given == 0
    next(left)
    assert source.given == 1


def test_a_table_that_is_pulled_once_more_is_read_anew(source: Source) -> None:
    for _ in range(2):
        assert list(source.feed.pull("left", frozenset({"left"}))) == [A, B]
    assert source.opened == [frozenset({"left"})] * 2


def test_a_table_that_was_not_selected_begins_a_reading_of_its_own(source: Source) -> None:
    assert list(source.feed.pull("left", frozenset({"left"}))) == [A, B]
    assert list(source.feed.pull("right", frozenset({"right"}))) == [A, B]
    assert source.opened == [frozenset({"left"}), frozenset({"right"})]


def test_when_all_have_stopped_nothing_more_is_read(source: Source) -> None:
    left, right = source.feed.pull("left", BOTH), source.feed.pull("right", BOTH)
    assert [next(left), next(right)] == [A, A]
    left.close()  # type: ignore[attr-defined]
    assert not source.closed, "the other one goes on"
    assert next(right) == B
    right.close()  # type: ignore[attr-defined]
    assert source.closed
    assert list(source.feed.pull("left", BOTH)) == [A, B], "a new run reads anew"
