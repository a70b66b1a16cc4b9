"""From a raw path to an endpoint and its ids.

Ids are percent-decoded one segment at a time, after splitting: an id may hold a slash. (A framework's router decodes
first, which is why there is none here.)
"""

from dataclasses import dataclass
from urllib.parse import unquote

ENDPOINTS = (
    "accounts",
    "investors",
    "positions",
    "position",
    "portfolios",
    "rebalancing",
    "summary",
    "holdings",
    "performance",
    "pnl",
    "investment_policy",
)  # fmt: skip
_OF_A_PORTFOLIO = ("rebalancing", "summary", "holdings", "performance")


@dataclass(frozen=True)
class Route:
    endpoint: str  # one of ENDPOINTS, or "" for an unknown path
    investor_surface: bool
    account_id: str = ""
    part_id: str = ""  # a position or a portfolio

    @property
    def wealth(self) -> bool:
        return self.endpoint in ("portfolios", *_OF_A_PORTFOLIO, "pnl", "investment_policy")


def route_of(raw_path: str) -> Route:
    match [unquote(segment) for segment in raw_path.split("/")[1:]]:
        case ["v1", "accounts"]:
            return Route("accounts", False)
        case ["v1", "investors"]:
            return Route("investors", True)
        case ["v1", "trading", "accounts", account_id, "positions"]:
            return Route("positions", False, account_id)
        case ["v1", "trading", "accounts", account_id, "positions", part_id]:
            return Route("position", False, account_id, part_id)
        case ["v1", "investors", account_id, "positions"]:
            return Route("positions", True, account_id)
        case ["v1", "investors", account_id, "positions", part_id]:
            return Route("position", True, account_id, part_id)
        case ["v1", "wealth", "accounts", account_id, "portfolios"]:
            return Route("portfolios", False, account_id)
        case ["v1", "wealth", "accounts", account_id, "portfolios", part_id, about] if about in _OF_A_PORTFOLIO:
            return Route(about, False, account_id, part_id)
        case ["v1", "wealth", "accounts", account_id, "reports", "pnl"]:
            return Route("pnl", False, account_id)
        case ["v1", "wealth", "accounts", account_id, "investment-policy"]:
            return Route("investment_policy", False, account_id)
        case ["v1", "investors", *_]:
            return Route("", True)
    return Route("", False)
