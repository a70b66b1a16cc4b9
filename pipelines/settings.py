"""Everything a user can set, read from the environment, `.env` or a profile; nothing else in the project reads them.

    BLUUM_PROFILE --> the profile's settings (profiles.py), then the environment, then .env --> Settings

Names and defaults only: what a setting does is said where it is used. Secrets stay `SecretStr` until they are sent.
"""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from pipelines.lake import Lake, LakeRefused
from pipelines.lake_settings import LakeSettings, check_lake_data
from pipelines.memory import Memory
from pipelines.profiles import DEFAULT, SANDBOX, SettingsRefused, read_profiles, settings_of

DATASET = "raw"
SANDBOX_RATE, PRODUCTION_RATE = 10.0, 25.0  # requests a second, as Bluum publishes them
Optional = Literal[
    "positions", "portfolios", "rebalancing", "holdings", "summary", "performance", "investment_policy", "pnl"
]  # fmt: skip
"""The endpoints that a night can do without; what only their answers lead to is not asked then, either."""
_ALIASED = {"api_secret", "base_url"}  # settings that are known by a second name, so that pydantic takes their variable's
_Kind = TypeVar("_Kind", bound=BaseSettings)
_DBT_SCHEMAS = {"staging", "intermediate", "checks", "marts", "audit", "builds", "main"}


def _check_webhook(value: SecretStr) -> SecretStr:
    parts = _split_url(value.get_secret_value(), "https://host/path")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be https: its address is a secret (http is for loopback only)")
    return value


Webhook = Annotated[SecretStr, AfterValidator(_check_webhook)]


class Settings(LakeSettings):
    """The settings of one key pair; each is BLUUM_<NAME> in the environment.

    A named profile has its own key pair, base URL, data folder and pace; what it does not set is as for all.
    """

    model_config = SettingsConfigDict(
        env_prefix="BLUUM_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    api_key: str | None = None
    api_secret: SecretStr | None = Field(None, validation_alias=AliasChoices("BLUUM_API_SECRET", "BLUUM_SECRET_KEY"))
    base_url: str | None = Field(None, validation_alias=AliasChoices("BLUUM_BASE_URL", "BLUUM_API_BASE_URL"))
    rate_limit: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="requests a second; 0: none; unset: by the host"
    )
    profile: str = Field("", description="which key pair; unset: the plain one, or without any the bundled sandbox")
    profiles_file: Path = Path("bluum.toml")
    data_dir: Path = Field(Path("data"), description="all profiles' folder; `folder` is the one of this profile")
    dataset: str = Field(DATASET, pattern="^[a-z_][a-z0-9_]*$", description="the schema that dlt fills")
    surface: Literal["accounts", "investors"] = "accounts"
    refresh_prices: bool = True
    accounts: Annotated[frozenset[str], NoDecode] = Field(frozenset(), description="only these, separated by commas")
    leave_out: Annotated[frozenset[Optional], NoDecode] = Field(frozenset(), description="what is not asked, likewise")
    keep_bodies_days: int | None = Field(None, ge=0, le=36_500, description="unset: for ever")
    roster_shrink_percent: float = Field(50, ge=0, le=100, description="a roster that loses more than this stops a sync")
    pnl_fill_requests: int = Field(
        500, ge=0, description="missed reports, of P&L first, a night may ask for besides its own"
    )
    memory_limit: str | None = Field(
        None, pattern="^[0-9]+(\\.[0-9]+)?[KMGT]i?B$", description="of DuckDB, such as 2GB; unset: 80 % of the machine's"
    )
    timeout: float = Field(30, gt=0, allow_inf_nan=False, description="seconds until a whole answer must have come")
    bi_file_mode: str = Field("600", pattern="^[0-7]{3}$", description="permissions of bi.duckdb, octal")
    keep_reports: int = Field(30, ge=0, description="nights whose report is kept; 0: none is made")
    alert_webhook: Webhook | None = Field(None, description="where a failed or incomplete night is told; unset: nowhere")

    @classmethod
    def of(cls, profile: str | None = None) -> "Settings":
        """The settings of a profile; None: of the one BLUUM_PROFILE names; "": of the plain key pair, else the sandbox.

        Raises SettingsRefused, one line that names each setting that cannot be, and shows no secret.
        """
        return _read(cls) if profile is None else _read(cls, profile=profile)

    @classmethod
    def given(cls, values: Mapping[str, Any]) -> "Settings":
        """The settings of the environment, but for those given by name. Raises SettingsRefused."""
        return _read(cls, **values)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        profile = _Profile(settings_cls, env_settings, dotenv_settings)
        return init_settings, profile, env_settings, dotenv_settings

    @field_validator("accounts", "leave_out", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = _split_url(value, "https://host/v1")
        if parts.username or parts.password:
            raise ValueError("must not hold credentials; use BLUUM_API_KEY and BLUUM_API_SECRET")
        if parts.query or parts.fragment:
            raise ValueError("must end with its path, such as https://host/v1")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("must be https: credentials travel in every request (http is for loopback only)")
        return value.strip().rstrip("/")

    @field_validator("dataset")
    @classmethod
    def _check_dataset(cls, value: str) -> str:
        if value in _DBT_SCHEMAS:
            raise ValueError(f"is a schema that dbt builds; it must not be one of {', '.join(sorted(_DBT_SCHEMAS))}")
        return value

    @model_validator(mode="after")
    def _check_pairs(self) -> "Settings":
        of_profile = f" for the profile {self.profile}" if self.profile else ""
        if (self.api_key is None) != (self.api_secret is None):
            missing = "BLUUM_API_KEY" if self.api_key is None else "BLUUM_API_SECRET"
            raise ValueError(f"{missing} is missing{of_profile}: the API wants a key and a secret")
        if self.base_url and self.api_key is None:
            raise ValueError(f"BLUUM_API_KEY and BLUUM_API_SECRET are missing for BLUUM_BASE_URL{of_profile}")
        if not self.profile:
            self.profile = SANDBOX if self.wants_sandbox else DEFAULT
        elif self.wants_sandbox and self.profile != SANDBOX:
            raise ValueError(f"BLUUM_API_KEY and BLUUM_API_SECRET are missing{of_profile}")
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
    def folder(self) -> Path:
        """The absolute data folder of this profile: `data_dir` itself for the plain key pair, else one named after it."""
        root = self.data_dir.resolve()
        return root if self.profile == DEFAULT else root / self.profile

    @property
    def warehouse_file(self) -> Path:
        """The pipeline's own DuckDB file, where no lake takes its place."""
        return self.folder / "warehouse.duckdb"

    @property
    def bi(self) -> Path:
        """The readers' DuckDB file, where no lake takes its place."""
        return self.folder / "bi.duckdb"

    @property
    def memory(self) -> Memory:
        """What DuckDB may take, and where it puts what does not fit."""
        return Memory(self.memory_limit, self.folder)

    @property
    def lake(self) -> Lake | None:
        """This profile's lake, in a schema and a folder named after it; None where the warehouse is a file."""
        schema = "public" if self.profile == DEFAULT else self.profile
        lake = self.lake_of(self.data_dir.resolve(), self.profile, schema)
        return lake and replace(lake, memory=self.memory)

    @property
    def published(self) -> Path | Lake:
        """What readers open: bi.duckdb, or the lake."""
        return self.lake or self.bi


def moved(settings: Settings, to: str, data: str | None = None) -> Settings:
    """The same settings with the warehouse elsewhere: at the address of a lake, or in the file. Raises SettingsRefused."""
    if to == "file":
        return settings.model_copy(update={"warehouse": None})
    try:
        Lake.of(to, data="")
    except LakeRefused as error:
        raise SettingsRefused(f"--to {error}, or `file`") from None
    try:
        place = check_lake_data(data) if data else settings.lake_data
    except ValueError as error:
        raise SettingsRefused(f"--data ({data!r}): {error}") from None
    return settings.model_copy(update={"warehouse": SecretStr(to), "lake_data": place})


class _Cron(BaseSettings):
    """The one setting that Dagster needs while it loads: by itself, so that no other one can be in its way."""

    model_config = Settings.model_config

    nightly_cron: str | None = None


def nightly_cron() -> str | None:
    """When `nightly_schedule` runs, in New York; None: at its usual time, once it is started in the UI."""
    return _read(_Cron).nightly_cron


class _Alerts(BaseSettings):
    """The one setting that tells of a mistake in the others: by itself, too."""

    model_config = Settings.model_config

    alert_webhook: Webhook | None = None


def alert_webhook(profile: str | None = None) -> SecretStr | None:
    """Where alerts of a profile go: where its own settings are refused, to where those of all do.

    Raises SettingsRefused only if that cannot be an address, or `.env` cannot be read.
    """
    try:
        return Settings.of(profile).alert_webhook
    except SettingsRefused:
        return _read(_Alerts).alert_webhook


def profile_names() -> list[str]:
    """Every profile that has a key pair: the plain one if it is set, then those of the settings file; else the sandbox.

    Raises SettingsRefused if the settings or their file cannot be read.
    """
    plain = Settings.of("")
    if "profiles_file" in plain.model_fields_set and not plain.profiles_file.exists():
        raise SettingsRefused(f"BLUUM_PROFILES_FILE: there is no file {plain.profiles_file}")
    named = list(read_profiles(plain.profiles_file, Settings.model_config.get("env_file")))
    return [DEFAULT, *named] if plain.profile == DEFAULT else named or [SANDBOX]


class _Profile(PydanticBaseSettingsSource):
    """What the chosen profile sets. Its key pair and base URL are never completed from those of another."""

    def __init__(
        self, settings_cls: type[BaseSettings], environment: PydanticBaseSettingsSource, dotenv: DotEnvSettingsSource
    ) -> None:
        super().__init__(settings_cls)
        self._environment, self._dotenv = environment, dotenv

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError  # all values come at once

    def __call__(self) -> dict[str, Any]:
        chosen = {**self._dotenv(), **self._environment(), **self.current_state}
        name = chosen.get("profile") or DEFAULT
        if name == DEFAULT:
            return {}
        path = Path(chosen.get("profiles_file", self.settings_cls.model_fields["profiles_file"].default))
        known = self.settings_cls.model_fields.keys() - {"profile", "profiles_file"}
        own = {} if name == SANDBOX else settings_of(name, read_profiles(path, self._dotenv.env_file), known, path)
        own = {"api_key": None, "api_secret": None, "base_url": None, **own}
        return {_variable(setting) if setting in _ALIASED else setting: value for setting, value in own.items()}


def _read(kind: type[_Kind], **given: Any) -> _Kind:
    """Settings of a kind. Raises SettingsRefused for what cannot be, and for an `.env` that cannot be read."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise SettingsRefused("; ".join(map(_refusal, error.errors()))) from None
    except (OSError, UnicodeDecodeError) as error:  # of bluum.toml they are told by profiles.py
        raise SettingsRefused(f"{Settings.model_config.get('env_file')} cannot be read: {error}") from None


def _refusal(problem: ErrorDetails) -> str:
    """One refused setting: its variable, its value unless that may hold a secret, and why."""
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    variable = name if name.startswith("BLUUM_") else _variable(name)
    is_secret = any(word in variable for word in ("KEY", "SECRET", "WEBHOOK", "WAREHOUSE")) or "@" in str(problem["input"])
    return f"{variable}: {message}" if is_secret else f"{variable} ({problem['input']!r}): {message}"


def _variable(setting: str) -> str:
    return f"BLUUM_{setting.upper()}"


def _split_url(text: str, example: str) -> SplitResult:
    parts = urlsplit(text.strip())
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("has an invalid port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"must look like {example}")
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
