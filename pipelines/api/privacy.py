"""Drops personal data from roster answers before anything is written, logged or kept.

    roster exchange --strip--> the same exchange, its body and bytes holding only members that tables.py keeps

Works by what may stay, not by what must go: a member that Bluum adds tomorrow stays by its name alone, so that it is
reported as a new field, until somebody decides; and by its name only if that cannot be a person's. Account numbers keep
their last four characters. Of an error, `wire.py` keeps the code and the message.
"""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pipelines.api.wire import Exchange, Outcome, Texts
from pipelines.schema.rows import as_json
from pipelines.schema.tables import ACCOUNT_PORTFOLIOS, ACCOUNTS
from pipelines.schema.values import JSON, Json

DROPPED = "(dropped)"
"""Stands in the kept body for the value of a member that nobody knows, and for a name that may be a person's."""

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
_CONFIGURED = frozenset(
    {"disable_overnight_trading", "dtbp_check", "fractional_trading", "max_margin_multiplier", "max_options_trading_level"}
    | {"no_shorting", "pdt_check", "ptp_no_exception_entry", "suspend_trade", "trade_confirm_email"}
)
"""Members of `trading_configurations`: switches, numbers, and words such as `entry`."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # as Bluum writes the names of members, and its own words
_PATH = re.compile(r"(?:/[a-z0-9_]{1,20}){1,4}")  # as the url of an envelope is, /v1/investors
_DIGITS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4})?")
_KEPT_OF_PORTFOLIO = ACCOUNT_PORTFOLIOS.members


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
        return {**_envelope(body), "data": [account(item) for item in body["data"]]}
    return DROPPED


def _envelope(body: dict[str, Any]) -> dict[str, Json]:
    """What stands around the list, as far as it is what Bluum documents."""
    known = {name: body[name] for name in ("object", "url", "has_more") if name in body}
    expected = {"object": _is_like(_NAME, body.get("object")), "url": _is_like(_PATH, body.get("url"))}
    expected["has_more"] = isinstance(body.get("has_more"), bool) or body.get("has_more") in ("true", "false")
    return {name: value if value is None or expected[name] else DROPPED for name, value in known.items()}


def account(item: Json) -> Json:
    """An account without personal data."""
    if not isinstance(item, dict):
        return DROPPED
    kept = {_name(name): _member(name, value) for name, value in item.items() if name not in _PERSONAL}
    if isinstance(number := item.get("account_number"), str | int | Decimal):
        kept["account_number"] = str(number)[-4:]
    if isinstance(assets := item.get("enabled_assets"), list):
        kept["enabled_assets"] = [asset if isinstance(asset, str) else {} for asset in assets]
    if isinstance(portfolios := item.get("portfolios"), list):
        kept["portfolios"] = [_portfolio(portfolio) for portfolio in portfolios]
    return kept


def _member(name: str, value: Json) -> Json:
    if name in _NESTED:
        return _configurations(value)
    return _emptied(value) if name in _KEPT else DROPPED


def _name(name: str) -> str:
    """The name of a member, if it reads like one: of a map by names of people, the names are people's."""
    return name if _NAME.fullmatch(name) else DROPPED


def _configurations(value: Json) -> Json:
    """The settings of an account, as far as they are switches, small numbers or single words under names we know."""
    if not isinstance(value, dict):
        return None if value is None else DROPPED
    return {_name(name): setting if _is_setting(name, setting) else DROPPED for name, setting in value.items()}


def _is_setting(name: str, value: Json) -> bool:
    is_plain = value is None or isinstance(value, bool | int | Decimal)
    return name in _CONFIGURED and (is_plain or _is_like(_NAME, value) or _is_like(_DIGITS, value))


def _is_like(pattern: re.Pattern[str], value: Json) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _emptied(value: Json) -> Json:
    """The value, without what an object in the place of a plain one may hold: a name, an address. No column reads it."""
    return type(value)() if isinstance(value, dict | list) else value


def _portfolio(item: Any) -> Json:
    if not isinstance(item, dict):
        return DROPPED
    return {_name(name): _emptied(value) if name in _KEPT_OF_PORTFOLIO else DROPPED for name, value in item.items()}
