"""Every answer of both surfaces passes the schemas of openapi.yaml, and says what bluum-api.md documents."""

from datetime import UTC, date, datetime
from urllib.parse import quote

import httpx
import pytest
from helpers.contract import Api

from sandbox.world.people import MARKER, personal_strings


def ids(api: Api, role: str) -> tuple[str, str]:
    account = next(a for a in api.operator.world.accounts if a.role == role)
    return account.account_id, account.investor_id


@pytest.mark.parametrize("night", ["2020-03-16", "2022-02-28", "2022-06-15", "2022-06-18"])
def test_every_endpoint_of_every_account_passes_its_schema(fresh: Api, night: str) -> None:
    fresh.operator.clock.to_night(datetime.fromisoformat(night).date())
    for row in fresh.json("/accounts"):
        uuid = row["id"]
        for refresh in ("true", "false"):
            for position in fresh.json(f"/trading/accounts/{uuid}/positions", refresh_prices=refresh):
                assert ("price_confidence" in position) == (refresh == "true")
        for portfolio in fresh.json(f"/wealth/accounts/{uuid}/portfolios")["portfolios"]:
            fresh.json(f"/wealth/accounts/{uuid}/portfolios/{portfolio['portfolio_id']}/rebalancing")
        fresh.json(f"/wealth/accounts/{uuid}/reports/pnl", start_date=row["created_at"][:10], end_date=night)
        policy = fresh.get(f"/wealth/accounts/{uuid}/investment-policy", include_history="true")
        assert policy.status_code in (200, 404)
        for entry in policy.json().get("version_history", []):
            fresh.json(f"/wealth/accounts/{uuid}/investment-policy", version=entry["version"])
    for row in fresh.json("/investors")["data"]:
        for position in fresh.json(f"/investors/{row['id']}/positions")["data"]:
            fresh.json(f"/investors/{row['id']}/positions/{position['id']}")


def test_one_position_by_either_surface(api: Api) -> None:
    uuid, inv = ids(api, "balanced")
    listed = api.json(f"/trading/accounts/{uuid}/positions")[0]
    assert api.json(f"/trading/accounts/{uuid}/positions/{listed['id']}") == listed
    one = api.json(f"/investors/{inv}/positions/{listed['id']}", refresh_prices="false")
    assert (one["symbol"], one["quantity"], one["investor_id"]) == (listed["symbol"], listed["quantity"], inv)
    assert "price_source" not in one
    assert "price_source" in api.json(f"/investors/{inv}/positions/{listed['id']}")


def test_a_refreshed_list_has_stale_prices_and_asking_for_one_mends_them(api: Api) -> None:
    poor = {"STALE": 0, "UNAVAILABLE": 0}
    for account in api.operator.world.accounts:
        for listed in api.json(f"/investors/{account.investor_id}/positions", limit=200)["data"]:
            if listed["price_confidence"] in poor:
                poor[listed["price_confidence"]] += 1
                one = api.json(f"/investors/{account.investor_id}/positions/{listed['id']}")
                assert one["price_confidence"] == "END_OF_DAY"
                assert one["price_timestamp"] == "2022-06-15T20:00:00Z"
                assert (listed["price_timestamp"] is None) == (listed["price_confidence"] == "UNAVAILABLE")
    assert all(poor.values())


def test_wealth_paths_take_either_id_and_percent_encoding(api: Api) -> None:
    uuid, inv = ids(api, "growth")
    for path in ("portfolios", "reports/pnl", "investment-policy"):
        assert api.json(f"/wealth/accounts/{uuid}/{path}") == api.json(f"/wealth/accounts/{inv}/{path}")
    encoded = "".join(f"%{ord(letter):02X}" for letter in uuid)
    assert api.client.get(f"/wealth/accounts/{encoded}/portfolios").json() == api.json(f"/wealth/accounts/{uuid}/portfolios")


def test_odd_ids_reach_their_account_when_encoded(fresh: Api) -> None:
    odd = "a/b 'ü' \"%2F\"?#🦊"
    old = fresh.operator.world.accounts[0]
    fresh.operator.world.rename(old.account_id, odd)
    fresh.operator.world.rename(old.portfolios[0].portfolio_id, "port/1")
    assert fresh.json("/accounts")[0]["id"] == odd
    path = f"/wealth/accounts/{quote(odd, safe='')}/portfolios"
    assert fresh.client.get(path).json()["portfolios"][0]["portfolio_id"] == "port/1"
    assert fresh.client.get(f"{path}/port%2F1/rebalancing").json()["portfolio_id"] == "port/1"


def test_self_directed_accounts_have_neither_policy_nor_portfolio(api: Api) -> None:
    uuid, _ = ids(api, "trader")
    assert api.json(f"/wealth/accounts/{uuid}/portfolios") == {"portfolios": []}
    absent = api.get(f"/wealth/accounts/{uuid}/investment-policy")
    assert (absent.status_code, absent.json()["code"]) == (404, "BLUM-404-001")


def test_policy_versions_drafts_and_history(api: Api) -> None:
    uuid, _ = ids(api, "closing")
    path = f"/wealth/accounts/{uuid}/investment-policy"
    current = api.json(path, include_history="true")
    assert (current["version"], current["status"]) == (2, "active")
    assert [entry["version"] for entry in current["version_history"]] == [1, 2, 3]
    assert "version_history" not in api.json(path)
    assert [api.json(path, version=n)["status"] for n in (1, 2, 3)] == ["superseded", "active", "draft"]
    assert api.get(path, version=4).status_code == 404
    assert api.get(path, version=0).json()["code"] == "BLUM-400-001"


def test_zero_rows_on_the_old_style_account_only(api: Api) -> None:
    uuid, _ = ids(api, "old_style")
    rows = api.json(f"/trading/accounts/{uuid}/positions")
    empty = [row for row in rows if row["quantity"] == "0.0000"]
    assert empty and all(row["total_cost_basis"] != "0.00" for row in empty)
    kept = api.json(f"/trading/accounts/{uuid}/positions", non_zero_only="true")
    assert len(kept) == len(rows) - len(empty)
    assert api.json(f"/trading/accounts/{uuid}/positions", symbol=kept[0]["symbol"]) == [kept[0]]
    # Only this account shows UUIDs as position ids, and takes them.
    assert not kept[0]["id"].startswith("pos_")
    assert api.json(f"/trading/accounts/{uuid}/positions/{kept[0]['id']}") == kept[0]


def test_a_short_a_second_currency_and_eighteen_decimals(api: Api) -> None:
    short = api.json(f"/trading/accounts/{ids(api, 'short')[0]}/positions")
    assert any(row["quantity"].startswith("-") for row in short)
    assert {row["currency"] for row in short} == {"USD", "EUR"}
    naira = api.json(f"/trading/accounts/{ids(api, 'naira')[0]}/positions")
    assert {row["currency"] for row in naira} == {"USD", "NGN"}
    coin = next(r for r in api.json(f"/trading/accounts/{ids(api, 'crypto')[0]}/positions") if r["symbol"] == "SBX-COIN")
    assert len(coin["quantity"].partition(".")[2]) > 15


def test_a_closed_account_stays_listed_and_holds_nothing(fresh: Api) -> None:
    account = next(a for a in fresh.operator.world.accounts if a.role == "closing")
    assert account.closes is not None
    path = f"/trading/accounts/{account.account_id}/positions"
    fresh.operator.clock.to_night(date(2022, 5, 12))
    assert fresh.json("/accounts")[7]["status"] == "ACTIVE" and fresh.json(path)
    fresh.operator.clock.to_night(account.closes)
    assert fresh.json("/accounts")[7]["status"] == "CLOSED" and fresh.json(path) == []
    portfolio = account.portfolios[0].portfolio_id
    analysis = fresh.json(f"/wealth/accounts/{account.account_id}/portfolios/{portfolio}/rebalancing")
    assert analysis["current_allocation"] == {} and analysis["needs_rebalancing"] is False


def test_an_account_that_has_not_opened_yet_does_not_exist(fresh: Api) -> None:
    newcomer = next(a for a in fresh.operator.world.accounts if a.role == "newcomer")
    fresh.operator.clock.to_night(date(2022, 4, 19))
    assert newcomer.account_id not in {row["id"] for row in fresh.json("/accounts")}
    assert fresh.get(f"/wealth/accounts/{newcomer.account_id}/portfolios").status_code == 404
    fresh.operator.clock.to_night(newcomer.opened)
    assert newcomer.account_id in {row["id"] for row in fresh.json("/accounts")}


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/wealth/accounts/{uuid}/reports/pnl", {"start_date": "2022-02-02", "end_date": "2022-02-01"}, 400, "007"),
        ("/wealth/accounts/{uuid}/reports/pnl", {"start_date": "2022-02-30"}, 400, "003"),
        ("/wealth/accounts/{uuid}/reports/pnl", {"realized_only": "maybe"}, 400, "003"),
        ("/trading/accounts/{uuid}/positions", {"refresh_prices": "1"}, 400, "003"),
        ("/trading/accounts/{inv}/positions", {}, 404, "001"),
        ("/trading/accounts/{uuid}/positions/pos_none", {}, 404, "001"),
        ("/wealth/accounts/{uuid}/portfolios/port_none/rebalancing", {}, 404, "001"),
        ("/wealth/accounts/nobody/reports/pnl", {}, 404, "001"),
        ("/investors/{uuid}/positions", {}, 400, "003"),
        ("/investors/inv_nobody/positions", {}, 404, "001"),
        ("/investors/{inv}/positions/8f0d3c52-6d0e-4b1e-9a55-2f7f4f0c1d77", {}, 400, "003"),
        ("/investors", {"limit": "x"}, 400, "003"),
        ("/investors", {"limit": "0"}, 400, "001"),
        ("/investors", {"offset": "-1"}, 400, "001"),
        ("/investors/{inv}/nothing", {}, 404, "002"),
        ("/nothing", {}, 404, "002"),
    ],
)
def test_refusals_carry_their_code_in_the_frame_of_their_path(
    api: Api, path: str, params: dict[str, str], status: int, code: str
) -> None:
    uuid, inv = ids(api, "balanced")
    response = api.get(path.format(uuid=uuid, inv=inv), **params)
    body = response.json()
    shown = body["error"]["code"] if path.startswith("/investors") else body["code"]
    assert (response.status_code, shown) == (status, f"BLUM-{status}-{code}")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "001"),
        ("Bearer abc", "002"),
        ("Basic %%%", "002"),
        ("Basic bm9jb2xvbg==", "002"),
        ("Basic d3Jvbmc6a2V5", "003"),
        ("Basic c2FuZGJveC1rZXk6d3Jvbmc=", "003"),
    ],
)
def test_credentials(api: Api, header: str | None, code: str) -> None:
    headers = {"authorization": header} if header else {}
    for path, frame in (("/accounts", "flat"), ("/investors", "envelope")):
        response = httpx.get(api.operator.base_url + path, headers=headers)
        body = response.json() if frame == "flat" else response.json()["error"]
        assert (response.status_code, body["code"]) == (401, f"BLUM-401-{code}")


def test_only_get(api: Api) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        response = api.client.request(method, "/accounts")
        assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_wealth_can_be_switched_off() -> None:
    from helpers.faulty import running

    from sandbox.server import Options

    with running(Options(rate_limit=0, wealth_enabled=False)) as operator:
        api = Api(operator)
        uuid = operator.world.accounts[0].account_id
        refused = api.get(f"/wealth/accounts/{uuid}/portfolios")
        assert refused.status_code == 403
        assert refused.json()["status"] == "error" and refused.json()["code"] == "PRODUCT_NOT_ENABLED"
        assert api.get(f"/trading/accounts/{uuid}/positions").status_code == 200


def test_the_date_header_is_the_clocks(fresh: Api) -> None:
    fresh.operator.clock.set(datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC))
    response = fresh.get("/accounts")
    assert response.headers.get_list("date") == ["Thu, 04 Mar 2021 05:06:07 GMT"]


def test_request_ids_differ(api: Api) -> None:
    assert api.get("/accounts").headers["x-request-id"] != api.get("/accounts").headers["x-request-id"]


def test_rosters_hold_searchable_personal_data_and_nothing_else_does(api: Api) -> None:
    uuid, _ = ids(api, "balanced")
    account = api.operator.world.account(uuid)
    assert account is not None
    for path in ("/accounts", "/investors"):
        text = api.get(path).text
        assert all(piece in text for piece in personal_strings(account)), path
    for path in (f"/trading/accounts/{uuid}/positions", f"/wealth/accounts/{uuid}/reports/pnl"):
        text = api.get(path).text
        assert MARKER not in text and not any(piece in text for piece in personal_strings(account))
    every = [piece for a in api.operator.world.accounts for piece in personal_strings(a) if piece != MARKER]
    assert len(set(every)) == len(every)
