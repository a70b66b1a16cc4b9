"""A list read page by page: every item exactly once and in order, or the news that it moved; never an endless loop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.api.paginator import MOST_PAGES, ListMoved, Paginator
from pipelines.schema.values import Json, Unreadable

FIRST_PAGE = {"limit": "200", "offset": "0"}


def envelope(names: str, has_more: bool) -> dict[str, Any]:
    return {"object": "list", "has_more": has_more, "data": [{"id": name} for name in names]}


def reading(*pages: tuple[str, bool]) -> tuple[str, Paginator]:
    """Feed pages, each written as the ids on it and has_more; returns the ids that were new, and where it stands."""
    paginator = Paginator(FIRST_PAGE)
    taken = [paginator.add(envelope(names, has_more)) for names, has_more in pages]
    return "".join(item["id"] for page in taken for item in page), paginator  # type: ignore[index, call-overload]


@dataclass
class Server:
    """A list behind limit and offset. `clamp`: its largest page; `claim`: what it says of has_more, given the truth."""

    names: list[int]
    clamp: int = 200
    claim: Callable[[bool], bool] = lambda more: more
    ignores_offset: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    def page(self, params: dict[str, str]) -> dict[str, Any]:
        self.asked.append(params)
        offset = 0 if self.ignores_offset else int(params.get("offset", 0))
        end = offset + min(self.clamp, int(params.get("limit", 50)))
        return {
            "data": [{"id": name} for name in self.names[offset:end]],
            "has_more": self.claim(end < len(self.names)),
        }


def read_all(server: Server, between: Callable[[], None] = lambda: None, limit: str = "200") -> list[int]:
    paginator, taken = Paginator({**FIRST_PAGE, "limit": limit}), list[int]()
    while paginator.has_more:
        assert len(server.asked) < 300, "this reading does not end"
        taken += [item["id"] for item in paginator.add(server.page(paginator.next_params()))]  # type: ignore[index, call-overload, misc]
        between()
    return taken


# ------------------------------------------------------------------ examples


def test_a_bare_array_is_the_whole_list() -> None:
    paginator = Paginator({"refresh_prices": "true"})
    assert paginator.next_params() == {"refresh_prices": "true"}
    assert paginator.add([{"id": "a"}, {"id": "b"}]) == [{"id": "a"}, {"id": "b"}]
    assert not paginator.has_more


def test_an_empty_list_is_complete() -> None:
    assert not reading(("", False))[1].has_more


def test_an_empty_page_that_promises_more_is_the_end() -> None:
    assert not reading(("", True))[1].has_more


def test_the_next_page_starts_at_the_last_item_held() -> None:
    taken, paginator = reading(("abc", True))
    assert (taken, paginator.has_more, paginator.next_params()) == ("abc", True, {"limit": "200", "offset": "2"})


def test_the_overlap_is_not_read_twice() -> None:
    taken, paginator = reading(("abc", True), ("cde", True), ("ef", False))
    assert (taken, paginator.has_more) == ("abcdef", False)


def test_the_offset_goes_by_what_came_and_not_by_the_limit() -> None:
    _, paginator = reading(("ab", True), ("bc", True))
    assert paginator.next_params()["offset"] == "2"


def test_other_parameters_are_asked_again_on_every_page() -> None:
    paginator = Paginator({"refresh_prices": "true", **FIRST_PAGE})
    paginator.add(envelope("abc", has_more=True))
    assert paginator.next_params() == {"refresh_prices": "true", "limit": "200", "offset": "2"}


def test_a_last_page_with_nothing_new_ends_the_list_whatever_has_more_says() -> None:
    server = Server(list(range(5)), claim=lambda more: True)
    assert read_all(server) == [0, 1, 2, 3, 4]
    assert len(server.asked) <= 3


def test_what_came_twice_in_two_readings_stands_twice() -> None:
    paginator = Paginator(FIRST_PAGE, is_steady=True)
    paginator.add(envelope("abc", has_more=True))
    assert paginator.add(envelope("cb", has_more=False)) == [{"id": "b"}]
    with pytest.raises(ListMoved):
        Paginator(FIRST_PAGE, is_steady=True, seen=["a", "b", "c"]).add(envelope("abc", has_more=False))


def test_a_page_as_long_as_was_asked_for_that_does_not_say_it_is_the_last_may_not_be() -> None:
    paginator = Paginator({"limit": "2", "offset": "0"})
    paginator.add([{"id": "a"}, {"id": "b"}])
    assert (paginator.has_more, paginator.next_params()["offset"]) == (True, "1")
    assert paginator.add([{"id": "b"}, {"id": "c"}]) == [{"id": "c"}]
    assert paginator.add([{"id": "c"}]) == []
    assert not paginator.has_more


def test_a_whole_list_that_is_as_long_as_was_asked_for_is_read_once() -> None:
    paginator = Paginator({"limit": "2", "offset": "0"})
    paginator.add([{"id": "a"}, {"id": "b"}])
    assert paginator.add([{"id": "a"}, {"id": "b"}]) == []
    assert not paginator.has_more


@pytest.mark.parametrize(
    ("pages", "what"),
    [
        ((("abc", True), ("xabc", True)), "inserted before the page"),
        ((("abc", True), ("de", False)), "deleted before the page"),
        ((("abc", True), ("abc", True)), "the first page again"),
        ((("abc", True), ("bca", True)), "the same items in another order"),
        ((("abc", True), ("cab", True)), "the held item, then old ones"),
        ((("abc", True), ("", False)), "the end of the list is gone"),
        ((("a", True), ("a", True)), "the one item again"),
        ((("ab", True), ("bcd", True), ("cde", False)), "deleted later on"),
    ],
)
def test_a_list_that_moves_while_it_is_read_is_noticed(pages: tuple[tuple[str, bool], ...], what: str) -> None:
    with pytest.raises(ListMoved):
        reading(*pages)


def test_items_without_an_id_are_known_by_what_they_are() -> None:
    paginator = Paginator(FIRST_PAGE)
    paginator.add({"data": [{"symbol": "A"}, None, "b"], "has_more": True})
    assert paginator.add({"data": ["b", {"symbol": "B"}], "has_more": False}) == [{"symbol": "B"}]


def test_a_page_that_is_no_list_is_unreadable_and_not_moved() -> None:
    with pytest.raises(Unreadable) as raised:
        Paginator(FIRST_PAGE).add({"message": "hello"})
    assert not isinstance(raised.value, ListMoved)


def test_a_server_that_ignores_the_offset_is_noticed() -> None:
    with pytest.raises(ListMoved):
        read_all(Server(list(range(5)), clamp=3, ignores_offset=True))


def test_a_list_without_an_end_is_given_up() -> None:
    paginator = Paginator(FIRST_PAGE)
    pages: list[Json] = [{"data": [{"id": n}, {"id": n + 1}], "has_more": True} for n in range(MOST_PAGES)]
    for page in pages[:-1]:
        paginator.add(page)
    with pytest.raises(Unreadable, match="goes on after 1000 pages"):
        paginator.add(pages[-1])


# ------------------------------------------------------------------ any server

LISTS = st.integers(0, 40).map(lambda size: list(range(size)))


@given(LISTS, st.integers(2, 12))
def test_a_list_that_stands_still_is_read_whole_in_order_and_once(names: list[int], clamp: int) -> None:
    assert read_all(Server(names, clamp)) == names


@given(LISTS)
def test_pages_of_a_single_item_are_read_to_the_end_or_refused(names: list[int]) -> None:
    try:
        taken = read_all(Server(names, clamp=1))
    except ListMoved:
        return
    assert taken == names


@given(LISTS, st.lists(st.integers(1, 6), min_size=1, max_size=10))
def test_pages_of_changing_sizes_are_read_to_the_end_or_refused(names: list[int], clamps: list[int]) -> None:
    server = Server(names, clamps[0])

    def between() -> None:
        server.clamp = clamps[len(server.asked) % len(clamps)]

    try:
        taken = read_all(server, between)
    except ListMoved:
        return
    assert taken == names


@given(LISTS, st.integers(2, 12))
def test_a_server_that_always_promises_more_changes_nothing(names: list[int], clamp: int) -> None:
    try:
        taken = read_all(Server(names, clamp, claim=lambda more: True))
    except ListMoved:
        assert len(names) == 1  # a list of one leaves no overlap by which a repeat and an end could be told apart
        return
    assert taken == names


@given(LISTS, st.integers(2, 12))
def test_a_server_that_promises_nothing_is_believed(names: list[int], clamp: int) -> None:
    assert read_all(Server(names, clamp, claim=lambda more: False)) == names[:clamp]


@given(LISTS, st.integers(1, 12), st.booleans())
def test_a_server_that_ignores_the_offset_never_yields_an_item_twice(names: list[int], clamp: int, lies: bool) -> None:
    server = Server(names, clamp, claim=lambda more: more or lies, ignores_offset=True)
    try:
        taken = read_all(server)
    except ListMoved:
        return
    assert taken == names[: len(taken)]
    assert len(taken) >= min(clamp, len(names))


EDITS = st.lists(
    st.one_of(st.tuples(st.just("insert"), st.floats(0, 1)), st.tuples(st.just("delete"), st.floats(0, 1)), st.just(None)),
    max_size=8,
)


@given(st.integers(0, 30), st.integers(2, 8), EDITS, st.booleans())
def test_what_was_listed_all_along_is_read_exactly_once_or_the_list_is_known_to_have_moved(
    size: int, clamp: int, edits: list[tuple[str, float] | None], lies: bool
) -> None:
    server = Server(list(range(size)), clamp, claim=lambda more: more or lies)
    coming, newcomers = iter(edits), iter(range(1000, 2000))
    all_along = set(server.names)

    def between() -> None:
        edit = next(coming, None)
        if edit is None:
            return
        kind, place = edit[0], int(edit[1] * len(server.names))
        if kind == "insert":
            server.names.insert(place, next(newcomers))
        elif server.names:
            all_along.discard(server.names.pop(min(place, len(server.names) - 1)))

    try:
        taken = read_all(server, between)
    except ListMoved:
        return
    assert [name for name in taken if name in all_along] == sorted(all_along)
    assert len(taken) == len(set(taken))
