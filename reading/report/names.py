"""What accounts and portfolios are called on a page, and what their pages' files are called.

Eight of ten portfolios may have one name: so a name never stands without the account's last four digits and the end of its
own id. File names are made so that no id can lead out of the report's folder.
"""

import re
from hashlib import sha256
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_SHORT = 6


def account_name(row: dict[str, Any]) -> str:
    """An account in a sentence or a heading."""
    last4 = row.get("account_number_last4")
    return f"Account ··{last4}" if last4 else f"Account …{short(row['account_id'])}"


def portfolio_name(row: dict[str, Any]) -> str:
    """A portfolio as Bluum calls it; never alone on a page: `portfolio_more` tells it from its namesakes."""
    return row.get("name") or "Portfolio without a name"


def portfolio_more(row: dict[str, Any]) -> str:
    """What tells a portfolio from another one of its name."""
    last4 = row.get("account_number_last4")
    return f"{f'··{last4} ' if last4 else ''}…{short(row['portfolio_id'])}"


def short(identity: str) -> str:
    """The end of an id: enough to tell two of a name apart."""
    return identity[-_SHORT:]


def account_file(account_id: str) -> str:
    """The path of an account's page in the report's folder."""
    return f"accounts/{_plain(account_id)}.html"


def portfolio_file(portfolio_id: str) -> str:
    """The path of a portfolio's page in the report's folder."""
    return f"portfolios/{_plain(portfolio_id)}.html"


def _plain(identity: str) -> str:
    """The id itself where it is plain; else, as another system may spell them, a digest of it."""
    return identity if _PLAIN.fullmatch(identity) else "id-" + sha256(identity.encode()).hexdigest()[:24]
