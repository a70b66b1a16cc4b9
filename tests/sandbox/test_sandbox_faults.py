"""Each fault as a real client meets it."""

import json
import threading
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from helpers.contract import Api
from helpers.faulty import splice
from helpers.faulty.rules import FaultBook, Rule
from hypothesis import given
from hypothesis import strategies as st

from sandbox.server.routes import route_of


@pytest.fixture(scope="module")
def shared() -> "object":
    from helpers.faulty import running

    from sandbox.server import Options

    with running(Options(rate_limit=0)) as operator:
        yield Api(operator)


@pytest.fixture
def bad(shared: Api) -> "object":
    shared.operator.requests.clear()
    yield shared
    shared.operator.faults.clear()


def ask(api: Api, path: str = "/accounts", **rule: object) -> httpx.Response:
    api.operator.faults.set([rule])
    return api.client.get(path)


def test_reset(bad: Api) -> None:
    with pytest.raises(httpx.ReadError):
        ask(bad, kind="reset")
    assert [(e.status, e.fault) for e in bad.operator.requests.entries] == [(0, "reset")]


def test_refused_then_open_again(bad: Api) -> None:
    with pytest.raises(httpx.TransportError):
        ask(bad, kind="refused", seconds=0.5, count=1)
    with pytest.raises(httpx.ConnectError):
        bad.client.get("/accounts")
    assert eventually_answers(bad)


def test_refusing_by_hand_is_in_force_at_once(bad: Api) -> None:
    bad.operator.refuse(0.5)
    with pytest.raises(httpx.TransportError):
        bad.client.get("/accounts")
    assert eventually_answers(bad)


def eventually_answers(api: Api) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            return api.client.get("/accounts").status_code == 200
        except httpx.TransportError:
            time.sleep(0.05)
    return False


def test_hold_until_the_client_gives_up(bad: Api) -> None:
    bad.operator.faults.set([{"kind": "hold", "seconds": 30}])
    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        bad.client.get("/accounts", timeout=0.2)
    assert time.monotonic() - started < 2


def test_a_held_answer_does_not_hold_up_the_end() -> None:
    from helpers.faulty import running

    from sandbox.server import Options

    with running(Options(rate_limit=0)) as operator:
        operator.faults.set([{"kind": "hold", "seconds": 60}])
        api, failed = Api(operator), threading.Event()

        def held() -> None:
            with pytest.raises(httpx.TransportError):
                api.client.get("/accounts", timeout=30)
            failed.set()

        threading.Thread(target=held, daemon=True).start()
        while not operator.requests.total:
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert failed.wait(3)


def test_cut_short(bad: Api) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        ask(bad, kind="cut")


def test_truncated_with_the_right_length(bad: Api) -> None:
    response = ask(bad, kind="truncated")
    assert int(response.headers["content-length"]) == len(response.content)
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_html_instead_of_an_answer(bad: Api) -> None:
    response = ask(bad, kind="html")
    assert response.status_code == 200 and response.text.startswith("<!doctype html>")


def test_wrong_content_type_right_body(bad: Api) -> None:
    response = ask(bad, kind="content_type")
    assert response.headers["content-type"] == "text/plain" and response.json()


def test_broken_gzip(bad: Api) -> None:
    with pytest.raises(httpx.DecodingError):
        ask(bad, kind="gzip")


@pytest.mark.parametrize(
    ("given", "shown"), [("seconds", "2"), ("absent", None), ("absurd", "3600"), (17, "17"), ("soon", "soon")]
)
def test_retry_after(bad: Api, given: object, shown: str | None) -> None:
    response = ask(bad, kind="rate_limited", retry_after=given, seconds=2)
    assert response.status_code == 429 and response.headers.get("retry-after") == shown


def test_retry_after_as_a_date_is_on_the_sandbox_clock(bad: Api) -> None:
    response = ask(bad, kind="rate_limited", retry_after="date", seconds=5)
    wait = parsedate_to_datetime(response.headers["retry-after"]) - parsedate_to_datetime(response.headers["date"])
    assert wait.total_seconds() == 5


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", ["json", "html", "empty"])
def test_gateway_errors(bad: Api, status: int, body: str) -> None:
    response = ask(bad, "/investors", kind="status", status=status, body=body)
    assert response.status_code == status
    assert {"json": response.text.startswith("{"), "html": "<html>" in response.text, "empty": not response.text}[body]


def test_unauthorized_from_the_third_request_on(bad: Api) -> None:
    bad.operator.faults.set([Rule("unauthorized", after=2)])
    assert [bad.client.get("/accounts").status_code for _ in range(4)] == [200, 200, 401, 401]


def test_forbidden_in_its_frames(bad: Api) -> None:
    frames = {name: ask(bad, kind="forbidden", frame=name) for name in ("envelope", "flat", "product")}
    assert {response.status_code for response in frames.values()} == {403}
    assert frames["envelope"].json()["error"]["code"] == frames["flat"].json()["code"] == "BLUM-403-001"
    assert frames["product"].json()["code"] == "PRODUCT_NOT_ENABLED"


def test_gone_and_no_content(bad: Api) -> None:
    account = bad.operator.world.accounts[3]
    path = f"/trading/accounts/{account.account_id}/positions"
    assert ask(bad, path, kind="not_found", account=account.investor_id).status_code == 404
    other = f"/trading/accounts/{bad.operator.world.accounts[1].account_id}/positions"
    assert bad.client.get(other).status_code == 200
    nothing = ask(bad, path, kind="no_content", endpoint="positions")
    assert (nothing.status_code, nothing.content) == (204, b"")


def test_paging_faults(bad: Api) -> None:
    def page(offset: int) -> tuple[list[str], bool]:
        body = bad.client.get("/investors", params={"limit": 5, "offset": offset}).json()
        return [row["id"] for row in body["data"]], body["has_more"]

    first, second = page(0)[0], page(5)[0]
    bad.operator.faults.set([{"kind": "endless", "endpoint": "investors"}])
    assert page(500) == ([], True)
    bad.operator.faults.set([{"kind": "repeat"}])
    assert page(5) == (first, True)
    bad.operator.faults.set([{"kind": "shift", "shift": -1}])
    assert page(0)[0] == first and page(5)[0] == [first[-1], *second[:-1]]
    bad.operator.faults.set([{"kind": "shift", "shift": 1}])
    assert page(5)[0][:4] == second[1:]
    bad.operator.faults.set([{"kind": "empty_roster"}])
    assert page(0) == ([], False) and bad.client.get("/accounts").json() == []


def test_slower_and_slower(bad: Api) -> None:
    bad.operator.faults.set([{"kind": "slow", "seconds": 0.05, "growth": 0.1}])
    spans = []
    for _ in range(3):
        started = time.monotonic()
        bad.client.get("/accounts")
        spans.append(time.monotonic() - started)
    assert spans[0] >= 0.05 and spans[1] >= 0.15 and spans[2] >= 0.25


def test_a_rate_is_kept_and_repeats(bad: Api) -> None:
    def run() -> list[int]:
        bad.operator.faults.set([{"kind": "status", "status": 500, "rate": 0.3}])
        return [bad.client.get("/accounts").status_code for _ in range(200)]

    first = run()
    assert 30 <= first.count(500) <= 90
    assert run() == first


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_requests_does_not_change_the_draw(targets: list[str], random: object) -> None:
    def fates(order: list[str]) -> dict[str, list[bool]]:
        book = FaultBook("seed")
        book.set([{"kind": "reset", "rate": 0.5}])
        found: dict[str, list[bool]] = {}
        for target in order:
            found.setdefault(target, []).append(book.plan(route_of("/v1/accounts"), (), target) is not None)
        return found

    shuffled = list(targets)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fates(targets) == fates(shuffled)


@pytest.mark.parametrize(
    "raw",
    [
        "1.2e400",
        "NaN",
        '""',
        "null",
        '"1,234.5"',
        "-0",
        '"' + "9" * 38 + '"',
        '{"a": [1, 2]}',
        "12345678901234567890.5",
    ],
)
def test_raw_text_reaches_the_wire_as_it_is(bad: Api, raw: str) -> None:
    account = bad.operator.world.accounts[0]
    path = f"/trading/accounts/{account.account_id}/positions"
    response = ask(bad, path, kind="replace", endpoint="positions", pointer="/0/quantity", raw=raw)
    assert f'"quantity":{raw},"average_cost_basis"' in response.text
    assert response.text.count(raw) >= 1 and response.status_code == 200


def test_edits_add_remove_and_reach_every_item() -> None:
    body = b'[{"id":"a","x":{"y":"1"}},{"id":"b"}]'

    def run(*rules: Rule) -> bytes:
        return splice.edit(body, list(rules))

    assert run(Rule("remove", pointer="/*/id")) == b'[{"x":{"y":"1"}},{}]'
    assert run(Rule("add", pointer="/1/new", raw="[1]")) == b'[{"id":"a","x":{"y":"1"}},{"id":"b","new":[1]}]'
    assert run(Rule("add", pointer="/-", raw="{}")).endswith(b'{"id":"b"},{}]')
    assert run(Rule("replace", pointer="/0/x/y", raw="1e5")) == b'[{"id":"a","x":{"y":1e5}},{"id":"b"}]'
    assert run(Rule("replace", pointer="/7/nowhere", raw="1")) == body
    assert run(Rule("remove", pointer="/0")) == b'[{"id":"b"}]'
    assert run(Rule("replace", pointer="/*/id", raw='"z"'), Rule("remove", pointer="/0/x")) == b'[{"id":"z"},{"id":"z"}]'
    assert run(Rule("replace", pointer="", raw="not json")) == b"not json"


@pytest.mark.parametrize("rule", [{"kind": "nonsense"}, {}, {"kind": "reset", "wat": 1}, {"kind": "reset", "endpoint": "x"}])
def test_a_wrong_rule_is_refused(bad: Api, rule: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"fault|endpoint"):
        bad.operator.faults.set([rule])
