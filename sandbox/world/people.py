"""The personal data of the rosters: invented, unmistakable, unique per account.

Every text carries the marker, so that one search proves that none of it was kept; what cannot carry it (birth dates,
IP addresses, account numbers) lies in ranges that nothing else here uses, and is listed by `personal_strings`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.world.accounts import Account

MARKER = "XPIIX"


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    email: str
    phone: str
    street: str
    city: str
    postal_code: str
    born: date
    ip_address: str
    employer: str
    trusted_contact: str


def person_of(account: Account) -> Person:
    n = account.number
    return Person(
        first_name=f"First{MARKER}{n:05d}",
        last_name=f"Last{MARKER}{n:05d}",
        email=f"mail.{MARKER}{n:05d}@invalid.example",
        phone=f"+1555{MARKER}{n:05d}",
        street=f"{n} Street {MARKER}{n:05d}",
        city=f"City{MARKER}{n:05d}",
        postal_code=f"Z{MARKER}{n:05d}",
        born=date(1880, 1, 1) + timedelta(days=n),
        ip_address=f"2001:db8:f11e::{n:x}:1",
        employer=f"Employer{MARKER}{n:05d}",
        trusted_contact=f"Contact{MARKER}{n:05d}",
    )


def personal_strings(account: Account) -> tuple[str, ...]:
    """Everything about one account's holder that must appear nowhere but in the roster's answer."""
    who = person_of(account)
    listed = (MARKER, who.born.isoformat(), who.ip_address)
    return (*listed, account.account_number) if account.account_number else listed
