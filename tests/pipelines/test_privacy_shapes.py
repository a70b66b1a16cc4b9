"""Rosters and errors of undocumented shapes, with a person in them: kept bodies, rows and messages have none."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.api.endpoints import SyncContext, roster
from pipelines.api.fetch import fetch
from pipelines.api.parse import Batch, Parser
from pipelines.api.wire import Exchange, Sift, decipher

NOW = datetime(2025, 1, 15, 22, 0, 5, tzinfo=UTC)
WORD = "Jane Roe"
PERSON = {"first_name": "Jane", "email": "jane@example.com"}


class Answering:
    """Gives one answer to whatever is asked, without a socket."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status, self.content = status, content

    async def get(self, path: str, query: Mapping[str, str], sift: Sift | None = None) -> Exchange:
        return Exchange(decipher(self.status, {}, self.content, NOW, sift), self.content, 0.0, 0.0)


def kept(body: Any, status: int = 200) -> dict[str, list[dict[str, Any]]]:
    """The rows of every raw table that a roster comes to, its log with body and message among them."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answers = asyncio.run(fetch(Answering(status, content), roster("accounts"), "accounts"))  # type: ignore[arg-type]
    numbers, batch = itertools.count(), Batch()
    parser = Parser(SyncContext(date(2025, 1, 15), "accounts"), lambda _: NOW, lambda: f"r{next(numbers)}", {})
    results = [parser.parse(answer, batch) for answer in answers]  # a list that moves is read again
    rows = {name: held.arrow().to_pylist() for name, held in batch.rows.items()}
    return {**rows, "what is said of it": [{"results": repr(results)}]}


def is_there(body: Any, status: int = 200) -> bool:
    return "jane" in repr(kept(body, status)).lower()


@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize(
    "body",
    [
        b'[{"id": "a", "contact": {"Jane Roe": 1, "Jane Roe": 2}}]',
        b'{"data": [], "Jane Roe": 1, "Jane Roe": 2}',
        {"error": {"code": "X", "message": "bad", "details": [PERSON]}},
        {"error": {"code": "X", "message": "bad", "param": "jane@example.com"}},
        {"code": PERSON, "message": PERSON},
        {"id": "a", "status": "error", "message": "bad", "details": PERSON},
        {"object": PERSON, "data": []},
        {"url": ["Jane Roe"], "data": []},
        {"url": "/v1/investors?email=jane@example.com", "data": []},
        {"has_more": "Jane Roe", "data": []},
        {"data": [{"Jane Roe": {"id": "a"}}]},
        {"data": [{"id": "a", "jane@example.com": 1}]},
        {"Jane Roe": {"id": "a"}},
        [{"id": "a", "portfolios": [{"id": "p", "Jane Roe": 1}]}],
        [{"id": "a", "trading_configurations": {"owner": PERSON, "dtbp_check": "Jane Roe", "pdt_check": PERSON}}],
        [{"id": "a", "trading_configurations": {"Jane Roe": True}}],
        [{"id": "a", "trading_configurations": "Jane Roe"}],
        [{"id": "a", "trading_configurations": [PERSON]}],
    ],
)
def test_nobody_is_kept_of_a_shape_that_nobody_expected(body: Any, status: int) -> None:
    assert not is_there(body, status)


def test_what_is_said_of_a_roster_that_names_a_member_twice_is_enough_to_look_for_it() -> None:
    (row,) = kept(b'[{"id": "a", "contact": {"Jane Roe": 1, "Jane Roe": 2}}]')["responses"]
    assert row["error_message"] == "HTTP 200 (no content type): a member stands twice in one object"


@pytest.mark.parametrize("code", ["BLUM-400-001", 400])
def test_code_and_message_of_a_roster_s_error_are_kept(code: object) -> None:
    (row,) = kept({"error": {"code": code, "message": "limit is too large", "param": "limit"}}, 400)["responses"]
    assert (row["error_code"], row["error_message"]) == (str(code), "limit is too large")


def test_settings_and_envelopes_as_documented_are_kept_whole() -> None:
    settings = {"dtbp_check": "entry", "max_margin_multiplier": "4.0", "no_shorting": False, "pdt_check": None}
    around = {"object": "list", "url": "/v1/investors", "has_more": False}
    rows = kept({**around, "data": [{"id": "a", "trading_configurations": settings}]})
    assert json.loads(rows["accounts"][0]["trading_configurations"]) == settings
    assert json.loads(rows["responses"][0]["body"], parse_float=Decimal).items() >= around.items()


def test_a_name_that_may_be_a_person_s_is_reported_as_a_dropped_one() -> None:
    rows = kept([{"id": "a", "Jane Roe": 1, "risk_profile": 2}])
    assert sorted(row["field"] for row in rows["new_fields"]) == ["(dropped)", "risk_profile"]


# ------------------------------------------------------------------ any roster

NAMES = st.sampled_from([WORD, "id", "name", "owner", "first_name", "status", "contact", "dtbp_check", "portfolios", "url"])
ANYTHING = st.recursive(
    st.sampled_from([WORD, None, True, WORD, 7, WORD]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
NESTED = st.lists(ANYTHING, max_size=3) | st.dictionaries(NAMES, ANYTHING, max_size=3)
"""In the place of a plain value: text there is what we ask for, and kept."""
ODD = st.just(WORD) | st.dictionaries(st.just(WORD), ANYTHING)
PORTFOLIO = st.fixed_dictionaries(
    {"id": st.just("p") | NESTED}, optional={"status": NESTED, WORD: ANYTHING, "name": ANYTHING}
)
ACCOUNT = st.fixed_dictionaries(
    {"id": st.just("a") | NESTED},
    optional={
        **dict.fromkeys(["status", "balance", "account_number", "created_at", "livemode"], NESTED),
        **dict.fromkeys(["trading_configurations", "contact", "first_name", "metadata", "owner", WORD], ANYTHING),
        "portfolios": st.lists(PORTFOLIO | ODD, max_size=3) | ODD,
        "enabled_assets": st.lists(st.just("us_equity") | NESTED, max_size=3) | st.dictionaries(NAMES, ANYTHING),
    },
)
MEMBERS = st.lists(ACCOUNT | st.just(WORD) | st.lists(ANYTHING, max_size=2), max_size=3)
ENVELOPE = st.fixed_dictionaries(
    {"data": MEMBERS}, optional=dict.fromkeys(["object", "url", "has_more", "portfolios", WORD], ANYTHING)
)
ERROR = st.fixed_dictionaries(
    {"code": st.just("BLUM-400-001") | NESTED, "message": st.just("bad") | NESTED},
    optional={"details": ANYTHING, "param": ANYTHING, WORD: ANYTHING},
)
REFUSED = (
    ERROR
    | st.fixed_dictionaries({"error": ERROR}, optional={"data": MEMBERS})
    | st.just(WORD)
    | st.dictionaries(NAMES, ANYTHING)
)


@given(MEMBERS | ENVELOPE)
def test_a_person_planted_anywhere_in_a_drawn_roster_never_comes_out(body: Any) -> None:
    assert not is_there(body)


@given(MEMBERS | ENVELOPE | REFUSED)
def test_nor_when_a_member_stands_twice(body: Any) -> None:
    assert not is_there(json.dumps(body).replace('"Jane Roe":', '"Jane Roe": 1, "Jane Roe":', 1).encode())


@given(REFUSED, st.sampled_from([200, 400, 404]))
def test_nor_in_what_is_said_of_an_error(body: Any, status: int) -> None:
    assert not is_there(body, status)
