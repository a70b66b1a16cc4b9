"""Everything a user can set, read from the environment or `.env`; nothing else in the project reads either.

Names and defaults only: what a setting does is said where it is used. Secrets stay `SecretStr` until they are sent.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SANDBOX_RATE, PRODUCTION_RATE = 10.0, 25.0  # requests a second, as Bluum publishes them


class Settings(BaseSettings):
    """One sync's settings; each is BLUUM_<NAME> in the environment."""

    model_config = SettingsConfigDict(
        env_prefix="BLUUM_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    api_key: str | None = None
    api_secret: SecretStr | None = Field(None, validation_alias=AliasChoices("BLUUM_API_SECRET", "BLUUM_SECRET_KEY"))
    base_url: str | None = Field(None, validation_alias=AliasChoices("BLUUM_BASE_URL", "BLUUM_API_BASE_URL"))
    rate_limit: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="requests a second; 0: none; unset: by the host"
    )
    data_dir: Path = Path("data")
    surface: Literal["accounts", "investors"] = "accounts"
    refresh_prices: bool = True
    accounts: Annotated[frozenset[str], NoDecode] = Field(frozenset(), description="only these, separated by commas")
    keep_bodies_days: int | None = Field(None, ge=0, le=36_500, description="unset: for ever")
    roster_shrink_percent: float = Field(50, ge=0, le=100, description="a roster that loses more than this stops a sync")
    pnl_fill_requests: int = Field(500, ge=0, description="missed P&L reports a night may ask for, besides its own")
    timeout: float = Field(30, gt=0, allow_inf_nan=False, description="seconds until a whole answer must have come")
    alert_webhook: SecretStr | None = Field(None, description="who is told of failed runs and of nights with gaps")
    bi_file_mode: str = Field("600", pattern="^[0-7]{3}$", description="permissions of bi.duckdb, octal")

    @field_validator("accounts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.strip())
        try:
            _ = parts.port
        except ValueError:
            raise ValueError("has a port that is none") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must look like https://host/v1")
        if parts.username or parts.password:
            raise ValueError("must not hold credentials; use BLUUM_API_KEY and BLUUM_API_SECRET")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("must be https: credentials travel in every request (http is for loopback only)")
        return value.strip().rstrip("/")

    @model_validator(mode="after")
    def _check_pairs(self) -> "Settings":
        if (self.api_key is None) != (self.api_secret is None):
            missing = "BLUUM_API_KEY" if self.api_key is None else "BLUUM_API_SECRET"
            raise ValueError(f"{missing} is missing: the API wants a key and a secret")
        if self.base_url and self.api_key is None:
            raise ValueError("BLUUM_API_KEY and BLUUM_API_SECRET are missing for BLUUM_BASE_URL")
        return self

    @property
    def wants_sandbox(self) -> bool:
        """Whether nothing says which API to ask, so that the bundled sandbox is started."""
        return self.base_url is None and self.api_key is None

    @property
    def api_url(self) -> str:
        """The base URL with its version; Bluum's own when only credentials are given."""
        url = self.base_url or "https://api.bluumfinance.com/v1"
        return url if url.endswith("/v1") else f"{url}/v1"

    @property
    def requests_per_second(self) -> float:
        """The limit to stay below: the one set, else the published one of the host."""
        if self.rate_limit is not None:
            return self.rate_limit
        if self.wants_sandbox:
            return SANDBOX_RATE
        host = urlsplit(self.api_url).hostname or ""
        return SANDBOX_RATE if is_loopback(host) or "sandbox" in host or host.startswith("test-") else PRODUCTION_RATE

    @property
    def warehouse(self) -> Path:
        """The pipeline's own DuckDB file."""
        return self.data_dir.resolve() / "warehouse.duckdb"

    @property
    def bi(self) -> Path:
        """The readers' DuckDB file."""
        return self.data_dir.resolve() / "bi.duckdb"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
