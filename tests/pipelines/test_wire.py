"""What an HTTP answer means, without any HTTP."""

import json
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.api.wire import Outcome, Reply, Sift, Texts, decipher, http_date, items, parse, retry_after
from pipelines.schema.values import MONEY, Json, Unreadable

NOW = datetime(2025, 1, 15, 21, 30, tzinfo=UTC)


def read(status: int, content: bytes = b"", **headers: str) -> Reply:
    return decipher(status, {name.replace("_", "-"): value for name, value in headers.items()}, content, NOW)


# ------------------------------------------------------------------ one answer, by status family


def test_200_with_a_body_is_ok() -> None:
    reply = read(200, b'{"version": 3}')
    assert (reply.outcome, reply.body, reply.is_transient) == (Outcome.OK, {"version": Decimal(3)}, False)


def test_200_with_an_empty_list_is_an_answer_too() -> None:
    assert read(200, b"[]") == Reply(Outcome.OK, 200, body=[])


def test_204_says_that_there_is_none() -> None:
    assert read(204).outcome is Outcome.ABSENT


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the body is not JSON"),
        (b"<!doctype html><h1>We will be right back</h1>", "the body is not JSON"),
        (b'[{"id": "a"}, {"id"', "the body is not JSON"),
        (b'{"a": 1} {"b": 2}', "the body is not JSON"),
        (b'"caf\xe9"', "the body is not UTF-8"),
        (b"[" * 200_000, "the body is nested too deeply"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"error": {"code": "BLUM-500-001", "message": "oh"}}', "an error under a success status"),
        (b'{"status": "error", "code": "PRODUCT_NOT_ENABLED", "message": "off"}', "an error under a success status"),
        (b'{"code": "BLUM-500-001", "message": "oh"}', "('BLUM-500-001', 'oh')"),
        (b'{"error": "internal"}', "(None, 'internal')"),
    ],
)
def test_200_that_cannot_be_read_is_rejected_and_worth_another_try(content: bytes, why: str) -> None:
    reply = read(200, content, content_type="text/html")
    assert (reply.outcome, reply.is_transient) == (Outcome.REJECTED, True)
    assert why in (reply.message or "")
    assert "HTTP 200 (text/html)" in (reply.message or "")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("content", [b"", b"<html>bad gateway</html>", b'{"code":"BLUM-500-001","message":"internal"}'])
def test_these_statuses_are_worth_another_try(status: int, content: bytes) -> None:
    reply = read(status, content)
    assert (reply.outcome, reply.is_transient) == (Outcome.FAILED, True)


@pytest.mark.parametrize("status", [301, 302, 400, 401, 402, 405, 409, 410, 418, 422, 501, 505])
def test_these_are_not(status: int) -> None:
    reply = read(status, b'{"code":"BLUM-400-001","message":"no"}')
    assert (reply.outcome, reply.is_transient) == (Outcome.FAILED, False)


def test_only_401_says_that_the_credentials_are_refused() -> None:
    assert read(401).is_unauthorized
    assert not read(403, b'{"code":"BLUM-403-001","message":"no"}').is_unauthorized


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b'{"error":{"type":"not_found_error","code":"BLUM-404-001","message":"none"}}', Outcome.ABSENT),
        (b'{"code":"BLUM-404-001","message":"none"}', Outcome.ABSENT),
        (b'{"code":"NOT_FOUND","message":"none"}', Outcome.ABSENT),
        (b"", Outcome.ABSENT),
        (b"<html>404 Not Found</html>", Outcome.FAILED),  # a gateway's word, not Bluum's
        (b'{"code":"BLUM-404-002","message":"unknown path"}', Outcome.FAILED),  # asked at the wrong place
        (b'{"error":{"code":"BLUM-404-002","message":"unknown path"}}', Outcome.FAILED),
    ],
)
def test_404_says_that_there_is_none_only_if_bluum_says_it(content: bytes, outcome: Outcome) -> None:
    assert read(404, content).outcome is outcome


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b'{"status":"error","code":"PRODUCT_NOT_ENABLED","message":"off"}', Outcome.DISABLED),
        (b'{"error":{"type":"permission_error","code":"PRODUCT_NOT_ENABLED","message":"off"}}', Outcome.DISABLED),
        (b'{"code":"BLUM-403-001","message":"key lacks permission"}', Outcome.FAILED),
        (b"<html>forbidden</html>", Outcome.FAILED),
    ],
)
def test_403_is_a_product_not_bought_or_a_refusal(content: bytes, outcome: Outcome) -> None:
    reply = read(403, content)
    assert (reply.outcome, reply.is_transient) == (outcome, False)


@pytest.mark.parametrize(
    ("outcome", "is_good"),
    [
        (Outcome.OK, True),
        (Outcome.ABSENT, True),
        (Outcome.DISABLED, True),
        (Outcome.FAILED, False),
        (Outcome.REJECTED, False),
    ],
)
def test_which_outcomes_answer_the_question(outcome: Outcome, is_good: bool) -> None:
    assert outcome.is_good is is_good


# ------------------------------------------------------------------ the four error shapes


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (
            b'{"error":{"type":"invalid_request_error","code":"BLUM-400-001","message":"bad","param":"limit"}}',
            "BLUM-400-001",
            "bad (limit)",
        ),
        (b'{"code":"BLUM-400-001","message":"bad"}', "BLUM-400-001", "bad"),
        (
            b'{"code":"BLUM-400-001","message":"bad","details":{"field":"limit","reason":"too large"}}',
            "BLUM-400-001",
            "bad ({'field': 'limit', 'reason': 'too large'})",
        ),
        (b'{"status":"error","code":"BLUM-400-001","message":"bad"}', "BLUM-400-001", "bad"),
        (b'{"code":"VALIDATION_ERROR","message":"bad"}', "VALIDATION_ERROR", "bad"),
        (b'{"error":"bad","message":"worse"}', None, "worse"),
        (b'{"code":400}', "400", "HTTP 400 without a readable error body"),
        (b'{"error":{}}', None, "HTTP 400 without a readable error body"),
        (b"{}", None, "HTTP 400 without a readable error body"),
        (b"[]", None, "HTTP 400 without a readable error body"),
        (b"null", None, "HTTP 400 without a readable error body"),
        (b"", None, "HTTP 400 without a readable error body"),
        (b"<html>bad request</html>", None, "HTTP 400 without a readable error body"),
        (b"\xff\xfe", None, "HTTP 400 without a readable error body"),
    ],
)
def test_code_and_message_of_every_error_shape(content: bytes, code: str | None, message: str) -> None:
    reply = read(400, content)
    assert (reply.code, reply.message) == (code, message)


@given(st.integers(100, 599), st.binary(max_size=200), st.text(max_size=20))
def test_no_answer_makes_the_reading_fall_over(status: int, content: bytes, header: str) -> None:
    reply = read(status, content, retry_after=header, date=header)
    assert reply.status == status


# ------------------------------------------------------------------ Retry-After


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 17 "}, 17.0),
        ({"retry-after": "3600"}, 3600.0),
        ({"retry-after": "Wed, 15 Jan 2025 21:30:05 GMT"}, 5.0),  # five seconds after NOW
        # By the server's clock, which is an hour behind this machine's: ten seconds, not an hour too few.
        ({"retry-after": "Wed, 15 Jan 2025 20:30:10 GMT", "date": "Wed, 15 Jan 2025 20:30:00 GMT"}, 10.0),
        ({"retry-after": "Wed, 15 Jan 2025 21:29:00 GMT"}, 0.0),  # over already
        ({"retry-after": "Wed, 15 Jan 2025 21:30:05 GMT", "date": "some day"}, 5.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "99999999999999999999"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_a_failed_answer_carries_its_retry_after() -> None:
    assert read(429, b"", retry_after="7").retry_after == 7.0
    assert read(503, b"", retry_after="Wed, 15 Jan 2025 21:31:00 GMT").retry_after == 60.0


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Wed, 15 Jan 2025 21:30:00 GMT", NOW),
        ("Wed, 15 Jan 2025 16:30:00 -0500", NOW),
        ("Wed, 15 Jan 2025 21:30:00 -0000", NOW),
        ("Wednesday, 15-Jan-25 21:30:00 GMT", NOW),
        ("", None),
        ("now", None),
        ("Wed, 99 Jan 2025 21:30:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
    ],
)
def test_http_dates(text: str, instant: datetime | None) -> None:
    assert http_date(text) == instant


# ------------------------------------------------------------------ JSON with every digit


@pytest.mark.parametrize(
    "digits", ["0.1", "1.10", "270.5800", "12345678901234567890.123456789012345678", "1e-7", "-0.0", "9007199254740993"]
)
def test_numbers_keep_their_digits(digits: str) -> None:
    number = parse(f'{{"it": {digits}}}'.encode())["it"]  # type: ignore[index, call-overload]
    assert (type(number), number, number.as_tuple()) == (Decimal, Decimal(digits), Decimal(digits).as_tuple())


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_fail_in_their_own_field_and_not_in_the_body(word: str) -> None:
    body = parse(f'[{{"quantity": {word}, "symbol": "VTI"}}, {{"quantity": 5}}]'.encode())
    assert body == [{"quantity": word, "symbol": "VTI"}, {"quantity": Decimal(5)}]
    with pytest.raises(Unreadable):
        MONEY.read(body[0]["quantity"])  # type: ignore[index, call-overload]


def test_an_exponent_beyond_any_use_fails_in_its_own_field_too() -> None:
    body = parse(b"[1e99999999999999999999]")
    with pytest.raises(Unreadable):
        MONEY.read(body[0])  # type: ignore[index]


def test_a_member_that_stands_twice_is_named_however_deep() -> None:
    with pytest.raises(Unreadable, match="'quantity' stands twice"):
        parse(b'{"data": [{"id": "a", "quantity": "1", "quantity": "2"}]}')


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert parse(b"\xef\xbb\xbf[]") == []


# ------------------------------------------------------------------ list shapes


@pytest.mark.parametrize(
    ("body", "members", "has_more"),
    [
        ([], [], None),
        (["a"], ["a"], None),
        ({"object": "list", "url": "/v1/x", "has_more": True, "data": ["a"]}, ["a"], True),
        ({"object": "list", "has_more": False, "data": ["a"]}, ["a"], False),
        ({"data": []}, [], None),
        ({"object": "anything", "data": ["a"], "has_more": "true"}, ["a"], True),
        ({"has_more": None, "data": ["a"]}, ["a"], None),
        ({"portfolios": ["a", "b"], "status": "active"}, ["a", "b"], None),
        ({"portfolios": []}, [], None),
    ],
)
def test_a_list_is_known_by_its_shape(body: Json, members: list[Json], has_more: bool | None) -> None:
    assert items(body) == (members, has_more)


@pytest.mark.parametrize("more", ["yes", "", Decimal(1), [], {}])
def test_a_list_that_does_not_say_clearly_whether_it_goes_on_is_no_list(more: Json) -> None:
    with pytest.raises(Unreadable, match="expected true or false"):
        items({"data": ["a"], "has_more": more})


@pytest.mark.parametrize("body", [None, "text", Decimal(1), True, {}, {"data": {}}, {"data": None}, {"items": ["a"]}])
def test_what_is_no_list_is_not_taken_for_an_empty_one(body: Json) -> None:
    with pytest.raises(Unreadable, match="expected a list"):
        items(body)


# ------------------------------------------------------------------ a long list, member by member


def or_refused(content: bytes, sift: Sift | None = None) -> Json:
    try:
        body = parse(content, sift)
    except Unreadable:
        return "refused"
    return list(body) if isinstance(body, Texts) else body


@given(st.text('[]{},:"1a \n', max_size=12).map(str.encode))
def test_what_is_read_member_by_member_is_read_and_refused_as_what_is_read_whole(content: bytes) -> None:
    assert or_refused(content, lambda member: member) == or_refused(content)


@pytest.mark.parametrize(
    "content", [b" [ ] ", b"\xef\xbb\xbf[1.50, [2], null]\n", b'[{"a": 1, "a": 2}]', b"[1,]", b"[1]]", b"[" * 200_000]
)
def test_member_by_member_is_no_more_and_no_less_than_whole(content: bytes) -> None:
    assert or_refused(content, lambda member: member) == or_refused(content)


def test_of_a_long_list_no_more_is_held_than_its_text_and_what_is_kept_of_it() -> None:
    member = {"id": "a", "person": {f"secret_{number}": "x" * 10 for number in range(100)}}
    content = json.dumps([member] * 2_000).encode()
    tracemalloc.start()
    kept = parse(content, lambda item: {"id": item["id"]} if isinstance(item, dict) else None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(kept, Texts)
    assert (len(kept), kept[1999], list(kept[1:3]), kept[:1].as_json()) == (
        2_000,
        {"id": "a"},
        [{"id": "a"}] * 2,
        '[{"id":"a"}]',
    )
    assert peak < 1.5 * len(content)
