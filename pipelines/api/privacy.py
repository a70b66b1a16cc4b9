"""Drops personal data from roster answers before anything is written, logged or kept.

    roster exchange --strip--> the same exchange, its body and bytes holding only members that tables.py keeps

Works by what may stay, not by what must go: a member that Bluum adds tomorrow stays by its name alone, so that it is
reported as a new field, until somebody decides. Account numbers keep their last four characters.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from pipelines.api.wire import Exchange, Outcome, Texts
from pipelines.schema.rows import as_json
from pipelines.schema.tables import ACCOUNT_PORTFOLIOS, ACCOUNTS
from pipelines.schema.values import JSON, Json

DROPPED = "(dropped)"
"""Stands in the kept body for the value of a member that nobody knows."""

_PERSONAL = frozenset(
    {"contact", "identity", "disclosures", "agreements", "signed_agreements", "trusted_contact", "compliance_checks"}
    | {
        "first_name",
        "middle_name",
        "last_name",
        "date_of_birth",
        "email",
        "phone",
        "address",
        "tax_id_type",
        "metadata",
    }
    | {"country_of_tax_residence", "country_of_citizenship", "country_of_birth", "funding_source", "is_control_person"}
    | {"is_affiliated_exchange_or_finra", "is_affiliated_exchange_or_iiroc", "is_politically_exposed"}
    | {"immediate_family_exposed", "is_discretionary", "employment_status", "employer_name", "employer_address"}
    | {"employment_position"}
)
"""Members known today and never kept, not even by name; `metadata` is free text of the partner's: it may name a person."""
_KEPT = frozenset(column.path for column in ACCOUNTS.columns if column.path)
_NESTED = frozenset(column.path for column in ACCOUNTS.columns if column.kind is JSON)
_KEPT_OF_PORTFOLIO = frozenset(column.path for column in ACCOUNT_PORTFOLIOS.columns if column.path)


def strip(exchange: Exchange) -> Exchange:
    """The exchange of a roster request without personal data."""
    if exchange.reply.outcome is not Outcome.OK:
        return replace(exchange, content=b"")  # what cannot be read cannot be sifted; its error is kept by code and message
    if isinstance(body := exchange.reply.body, Texts):  # of accounts that `account` has seen already
        return replace(exchange, content=body.as_json().encode())
    body = _roster(body)
    return replace(exchange, reply=replace(exchange.reply, body=body), content=as_json(body).encode())


def _roster(body: Json) -> Json:
    if isinstance(body, list):
        return [account(item) for item in body]
    if isinstance(body, dict) and isinstance(body.get("data"), list):
        envelope = {name: value for name, value in body.items() if name in ("object", "url", "has_more")}
        return {**envelope, "data": [account(item) for item in body["data"]]}
    return DROPPED


def account(item: Json) -> Json:
    """An account without personal data."""
    if not isinstance(item, dict):
        return DROPPED
    kept = {name: _member(name, value) for name, value in item.items() if name not in _PERSONAL}
    if isinstance(number := item.get("account_number"), str | int | Decimal):
        kept["account_number"] = str(number)[-4:]
    if isinstance(assets := item.get("enabled_assets"), list):
        kept["enabled_assets"] = [asset if isinstance(asset, str) else {} for asset in assets]
    if isinstance(portfolios := item.get("portfolios"), list):
        kept["portfolios"] = [_portfolio(portfolio) for portfolio in portfolios]
    return kept


def _member(name: str, value: Json) -> Json:
    return _emptied(value, name in _NESTED) if name in _KEPT else DROPPED


def _emptied(value: Json, is_nested: bool = False) -> Json:
    """The value, without what an object in the place of a plain one may hold: a name, an address. No column reads it."""
    return type(value)() if isinstance(value, dict | list) and not is_nested else value


def _portfolio(item: Any) -> Json:
    if not isinstance(item, dict):
        return DROPPED
    return {name: _emptied(value) if name in _KEPT_OF_PORTFOLIO else DROPPED for name, value in item.items()}
