"""The options of a sandbox server: what `bluum sandbox` and the tests may set. Values only."""

from dataclasses import dataclass
from datetime import datetime

from sandbox.world.clock import DEFAULT_START


@dataclass(frozen=True)
class Options:
    accounts: int = 12
    seed: str = "bluum"
    rate_limit: int = 10  # requests a second and key; 0: none
    latency: float = 0.0  # seconds added to every answer
    start: datetime = DEFAULT_START
    key: str = "sandbox-key"
    secret: str = "sandbox-secret"
    wealth_enabled: bool = True
    stale_one_in: int = 40  # of refreshed prices, one in this many is stale and one unavailable; 0: none
