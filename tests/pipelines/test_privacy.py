"""A roster as both surfaces give it, full of a person: none of it passes."""

import json
from decimal import Decimal
from typing import Any

import pytest

from pipelines.api.privacy import DROPPED, strip
from pipelines.api.wire import Exchange, Outcome, Reply

PERSON = (
    "Ada", "Beatrix", "Lovelace", "1815-12-10", "ada@example.com", "+1 312 555 0199", "12 St James's Square", "Apt 7",
    "Springfield", "62704", "IL-STATE", "203.0.113.9", "USA_SSN", "987-65-4321", "NG-CITIZEN", "GB-BIRTH", "DE-TAX",
    "Analytical Engines Ltd", "Countess", "Charles Babbage", "charles@example.com", "inheritance", "customer_agreement",
    "natural_person", "watchlist hit", "crm-note: prefers calls",
)  # fmt: skip
"""Every personal value below; not one of them may be found again."""
UNKNOWN = "a value nobody has judged"

ACCOUNT = {
    "id": "3d0b0e65-35d3-4dcd-8df7-10286ebb4b4b",
    "account_number": "912345678901",
    "status": "ACTIVE",
    "currency": "USD",
    "balance": "2450.75",
    "last_equity": "0",
    "created_at": "2024-03-01T12:00:00.000001Z",
    "account_type": "individual",
    "trading_type": "cash",
    "enabled_assets": ["us_equity", "crypto"],
    "portfolios": [{"id": "port_1", "status": "active", "nickname": UNKNOWN}],
    "contact": {
        "email_address": "ada@example.com",
        "phone_number": "+1 312 555 0199",
        "street_address": ["12 St James's Square", "Apt 7"],
        "local_street_address": None,
        "city": "Springfield",
        "state": "IL-STATE",
        "postal_code": "62704",
    },
    "identity": {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "date_of_birth": "1815-12-10",
        "tax_id": "987-65-4321",
        "tax_id_type": "USA_SSN",
        "country_of_citizenship": "NG-CITIZEN",
        "country_of_birth": "GB-BIRTH",
        "country_of_tax_residence": "DE-TAX",
        "party_type": "natural_person",
        "funding_source": ["inheritance"],
    },
    "disclosures": {"is_politically_exposed": True, "employer_name": "Analytical Engines Ltd"},
    "agreements": [{"agreement": "customer_agreement", "ip_address": "203.0.113.9"}],
    "member_of_tomorrow": {"deep": [UNKNOWN]},
}
INVESTOR = {
    "id": "inv_01k2r4t6v8x0z2b4d6f8h0k2m4",
    "object": "investor",
    "created": 1770106530,
    "livemode": False,
    "metadata": {"note": "crm-note: prefers calls"},
    "status": "active",
    "account_number": "912345678901",
    "currency": "USD",
    "balance": "2450.75",
    "buying_power": "2450.75",
    "cash_withdrawable": "0.10",
    "first_name": "Ada",
    "middle_name": "Beatrix",
    "last_name": "Lovelace",
    "date_of_birth": "1815-12-10",
    "email": "ada@example.com",
    "phone": "+1 312 555 0199",
    "address": {"street": ["12 St James's Square"], "unit": "Apt 7", "city": "Springfield", "postal_code": "62704"},
    "tax_id_type": "USA_SSN",
    "country_of_tax_residence": "DE-TAX",
    "country_of_citizenship": "NG-CITIZEN",
    "country_of_birth": "GB-BIRTH",
    "funding_source": ["inheritance"],
    "is_control_person": False,
    "is_affiliated_exchange_or_finra": False,
    "is_politically_exposed": True,
    "immediate_family_exposed": False,
    "employment_status": "employed",
    "employer_name": "Analytical Engines Ltd",
    "employer_address": "12 St James's Square",
    "employment_position": "Countess",
    "signed_agreements": [{"type": "customer_agreement", "ip_address": "203.0.113.9"}],
    "trusted_contact": {"name": "Charles Babbage", "email": "charles@example.com"},
    "compliance_checks": [{"result": "watchlist hit"}],
    "portfolios": [{"id": "port_1", "status": "active", "nickname": UNKNOWN}],
    "member_of_tomorrow": {"deep": [UNKNOWN]},
}
ROSTERS = [
    pytest.param([ACCOUNT], id="accounts"),
    pytest.param({"object": "list", "url": "/v1/investors", "has_more": False, "data": [INVESTOR]}, id="investors"),
]


def found(values: tuple[str, ...], text: str) -> list[str]:
    return [value for value in values if value in text or json.dumps(value)[1:-1] in text]


def everything_of(landed: Any) -> str:
    """All that would be written of an answer: the kept body, every typed row, quarantine, news, plan."""
    return repr({name: landed.held(name) for name in landed.batch.rows})


@pytest.mark.parametrize("roster", ROSTERS)
def test_nothing_personal_is_written_anywhere(landed: Any, roster: Any) -> None:
    landed.answer("accounts", roster, None)
    assert len(found(PERSON, json.dumps(roster))) >= 15  # the roster is full of her
    assert found(PERSON, everything_of(landed)) == []
    assert "91234567" not in everything_of(landed)


@pytest.mark.parametrize("roster", ROSTERS)
def test_the_account_number_is_cut_to_its_last_four(landed: Any, roster: Any) -> None:
    landed.answer("accounts", roster, None)
    (response,) = landed.held("responses")
    assert '"account_number":"8901"' in response["body"]
    assert [row["account_number_last4"] for row in landed.rows("accounts")] == ["8901"]


@pytest.mark.parametrize("roster", ROSTERS)
def test_a_member_that_nobody_has_judged_is_kept_by_name_only(landed: Any, roster: Any) -> None:
    landed.answer("accounts", roster, None)
    assert found((UNKNOWN,), everything_of(landed)) == []
    assert landed.new_fields == [("accounts", "member_of_tomorrow"), ("account_portfolios", "nickname")]
    assert f'"member_of_tomorrow":"{DROPPED}"' in landed.held("responses")[0]["body"]


@pytest.mark.parametrize("roster", ROSTERS)
def test_what_the_tables_keep_is_still_there(landed: Any, roster: Any) -> None:
    landed.answer("accounts", roster, None)
    (row,) = landed.rows("accounts")
    assert (row["currency"], row["balance"], row["status"].lower()) == ("USD", Decimal("2450.75"), "active")
    assert [row["portfolio_id"] for row in landed.rows("account_portfolios")] == ["port_1"]
    assert landed.quarantine == []


@pytest.mark.parametrize("roster", ROSTERS)
def test_a_row_in_quarantine_is_as_bare_as_any(landed: Any, roster: Any) -> None:
    text = json.dumps(roster).replace('"2450.75"', '"much"')
    landed.answer("accounts", text.encode(), None)
    assert [(table, field) for table, field, _ in landed.quarantine] == [("accounts", "balance")]
    assert found((*PERSON, UNKNOWN), everything_of(landed)) == []


@pytest.mark.parametrize(
    ("number", "kept"),
    [("912345678901", '"8901"'), (912345678901, '"8901"'), ("12", '"12"'), (None, "null"), ("", '""')],
)
def test_account_numbers_of_any_kind(landed: Any, number: object, kept: str) -> None:
    landed.answer("accounts", [{"id": "a", "account_number": number}], None)
    assert f'"account_number":{kept}' in landed.held("responses")[0]["body"]


@pytest.mark.parametrize("name", ["status", "currency", "account_number", "id", "balance"])
def test_an_object_in_place_of_a_plain_value_is_bare_and_quarantines_its_row(landed: Any, name: str) -> None:
    landed.answer("accounts", [{"id": "a", "currency": "USD", name: {"of": "Ada Lovelace"}}], None)
    assert landed.rows("accounts") == []
    assert [(table, field) for table, field, _ in landed.quarantine] == [("accounts", name)]
    assert "Ada" not in everything_of(landed)


@pytest.mark.parametrize(
    "body",
    [
        ["Ada Lovelace", {"id": "a"}],
        {"data": ["Ada Lovelace"]},
        {"data": {"first_name": "Ada Lovelace"}},
        {"message": "Ada Lovelace"},
        "Ada Lovelace",
        [{"id": "a", "enabled_assets": [{"owner": "Ada Lovelace"}], "portfolios": ["Ada Lovelace"]}],
        {"data": [], "owner": "Ada Lovelace", "url": "/v1/investors"},
    ],
)
def test_a_roster_of_another_shape_is_as_bare(body: Any) -> None:
    stripped = strip(Exchange(Reply(Outcome.OK, 200, body=body), json.dumps(body).encode(), 0.0, 0.0))
    assert b"Ada" not in stripped.content
    assert "Ada" not in repr(stripped.reply.body)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.REJECTED, Outcome.ABSENT])
def test_what_cannot_be_sifted_is_not_kept(outcome: Outcome) -> None:
    half = b'[{"id": "a", "first_name": "Ada", "bal'
    assert strip(Exchange(Reply(outcome, 200), half, 0.0, 0.0)).content == b""
