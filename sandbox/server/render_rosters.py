"""Rosters and portfolio lists as the two surfaces print them. Facts come from the ledger; this file spells them."""

from datetime import date, timedelta

from sandbox.world.accounts import Account, Portfolio
from sandbox.world.clock import iso
from sandbox.world.exact import CENT, ZERO, round_to, text
from sandbox.world.ledger import Ledger
from sandbox.world.people import person_of

Json = dict[str, object]


def status_of(account: Account, day: date) -> str:
    if account.is_closed(day):
        return "CLOSED"
    if account.account_number is None:
        return "PENDING_APPROVAL"
    return "SUSPENDED" if account.suspended else "ACTIVE"


def portfolio_status(account: Account, portfolio: Portfolio, day: date) -> str:
    if account.is_closed(day):
        return "completed"
    return "paused" if portfolio.currency == "NGN" else "active"


def account_row(ledger: Ledger, account: Account, day: date) -> Json:
    who = person_of(account)
    row: Json = {
        "id": account.account_id,
        "account_number": account.account_number,
        "status": status_of(account, day),
        "crypto_status": "ACTIVE" if account.role in ("crypto", "balanced") else None,
        **_money(ledger, account, day),
        "created_at": iso(account.created_at),
        "account_type": account.account_type,
        "management_type": "advised" if account.advised else "self_directed",
        "tax_advantaged": account.number % 5 == 2,
        "tax_designation": "roth_ira" if account.number % 5 == 2 else None,
        "trading_type": "margin" if account.role == "short" else "cash",
        "trading_configurations": None,
        "enabled_assets": ["us_equity", "crypto"] if account.role == "crypto" else ["us_equity", "bonds", "etf"],
        "portfolios": _embedded(account, day),
        "contact": {
            "email_address": who.email,
            "phone_number": who.phone,
            "street_address": [who.street],
            "local_street_address": None,
            "city": who.city,
            "state": "IL",
            "postal_code": who.postal_code,
            "country": "US",
        },
        "identity": {
            "first_name": who.first_name,
            "last_name": who.last_name,
            "date_of_birth": who.born.isoformat(),
            "country_of_citizenship": "US",
            "country_of_birth": "US",
            "country_of_tax_residence": "US",
            "party_type": "natural_person",
            "tax_id_type": "SSN",
            "funding_source": ["employment_income"],
        },
        "disclosures": {**_disclosures(), "is_discretionary": account.advised},
        "agreements": [
            {
                "agreement": "customer_agreement",
                "signed_at": iso(account.created_at),
                "ip_address": who.ip_address,
                "revision": "19.2022.02",
                "account_id": account.account_id,
            }
        ],
    }
    if account.old_style:
        # The oldest rows have neither; readers have to live with a member that is not there.
        del row["management_type"], row["portfolios"]
    return row


def investor_row(ledger: Ledger, account: Account, day: date) -> Json:
    who = person_of(account)
    money = _money(ledger, account, day)
    status = status_of(account, day)
    return {
        "id": account.investor_id,
        "object": "investor",
        "created": int(account.created_at.timestamp()),
        "livemode": False,
        "metadata": {},
        "status": "under_review" if status == "PENDING_APPROVAL" else status.lower(),
        "account_type": account.account_type,
        "management_type": "advised" if account.advised else "self_directed",
        "tax_advantaged": account.number % 5 == 2,
        "tax_designation": "roth_ira" if account.number % 5 == 2 else None,
        "account_number": account.account_number,
        **money,
        "buying_power": money["balance"],
        "cash_withdrawable": money["balance"],
        "crypto_status": "ACTIVE" if account.role in ("crypto", "balanced") else None,
        "trading_type": "margin" if account.role == "short" else "cash",
        "first_name": who.first_name,
        "middle_name": None,
        "last_name": who.last_name,
        "date_of_birth": who.born.isoformat(),
        "email": who.email,
        "phone": who.phone,
        "address": {
            "street": [who.street],
            "unit": None,
            "city": who.city,
            "state": "IL",
            "postal_code": who.postal_code,
            "country": "US",
        },
        "tax_id_type": "SSN",
        "country_of_tax_residence": "US",
        "country_of_citizenship": "US",
        "country_of_birth": "US",
        "funding_source": ["employment_income"],
        **_disclosures(),
        "employment_status": "employed",
        "employer_name": who.employer,
        "employer_address": who.street,
        "employment_position": None,
        "signed_agreements": [
            {"type": "customer_agreement", "signed_at": iso(account.created_at), "ip_address": who.ip_address}
        ],
        "trusted_contact": {"name": who.trusted_contact} if account.number % 2 else None,
        "portfolios": _embedded(account, day),
    }


def portfolio_row(ledger: Ledger, account: Account, portfolio: Portfolio, day: date) -> Json:
    last = ledger.drift(portfolio.portfolio_id, day).last_rebalanced_at
    return {
        "portfolio_id": portfolio.portfolio_id,
        "name": portfolio.name,
        "currency": portfolio.currency,
        "status": portfolio_status(account, portfolio, day),
        "created_at": iso(portfolio.created_at),
        "updated_at": iso(max(last or portfolio.created_at, portfolio.created_at)),
    }


def _money(ledger: Ledger, account: Account, day: date) -> Json:
    balance = ledger.cash(account.account_id, day).get("USD", ZERO)
    equity = ledger.equity(account.account_id, day - timedelta(days=1))
    return {
        "currency": account.currency,
        "balance": text(round_to(balance, CENT)),
        "last_equity": text(round_to(equity, CENT)) if equity else "0",
    }


def _embedded(account: Account, day: date) -> list[Json]:
    """Some rows list their portfolios and some do not: the documents' samples are empty, the demo client reads them."""
    if account.number % 3 == 0:
        return []
    return [{"id": p.portfolio_id, "status": portfolio_status(account, p, day)} for p in account.portfolios]


def _disclosures() -> Json:
    return {
        "is_control_person": False,
        "is_affiliated_exchange_or_finra": False,
        "is_affiliated_exchange_or_iiroc": None,
        "is_politically_exposed": False,
        "immediate_family_exposed": False,
    }
