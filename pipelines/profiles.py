"""Several key pairs: the settings file `bluum.toml`, with a table of settings for each named profile.

    bluum.toml, BLUUM_PROFILES__<NAME>__<SETTING> --> the settings of one profile, for `settings.py`

What a setting means, and which values it may have, is `settings.py`.
"""

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from pipelines.errors import BluumError

DEFAULT, SANDBOX = "default", "sandbox"
"""The profile of the plain BLUUM_* settings, and that of the bundled sandbox, which is asked when there is no key pair."""
_TAKEN = {DEFAULT, SANDBOX, "demo", "dagster", "dbt", "dlt", "report", "reports", "export", "lake", "public"}
"""Names of the program's own, most of them of folders in data/: a profile called so would share one with what it makes."""
_NAME = re.compile("(?!pg_)[a-z0-9][a-z0-9_-]{0,47}")  # Postgres, too, takes it for a schema


class SettingsRefused(BluumError):
    """A setting is missing or has a value that it cannot have: nothing was asked, nothing was written."""


def read_profiles(path: Path, env_file: Any) -> dict[str, dict[str, Any]]:
    """The settings of each named profile, in the order of the file; none when there is no file.

    A secret may stand in the environment or in `.env` instead, as BLUUM_PROFILES__<NAME>__API_SECRET.
    Raises SettingsRefused for a file that cannot be read or shows secrets to others, and for a name that cannot be used.
    """

    class _File(BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix="BLUUM_",
            env_nested_delimiter="__",
            env_file=env_file,
            env_ignore_empty=True,
            extra="ignore",
            hide_input_in_errors=True,
        )
        profiles: dict[str, dict[str, Any]] = {}

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls, path)

    try:
        profiles = _File().profiles
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        is_open = text and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) and "api_secret" in text
        strangers = tomllib.loads(text).keys() - {"profiles"}
    except ValidationError:
        raise SettingsRefused(f"{path} must hold tables like [profiles.acme], and settings in them") from None
    except (OSError, ValueError) as error:  # tomllib's error is a ValueError, and shows no text of the file
        raise SettingsRefused(f"{path} cannot be read: {error}") from None
    if is_open:
        raise SettingsRefused(f"{path} holds secrets and others may read it: chmod 600 {path}")
    if strangers:  # they would be left out without a word, and a key pair's nights with them
        names = ", ".join(sorted(strangers))
        raise SettingsRefused(f"{path} holds tables like [profiles.acme], and nothing beside them: {names}")
    for name in profiles:
        if name in _TAKEN:
            raise SettingsRefused(f"{path}: a profile cannot be called {name!r}, a name the program itself uses")
        if not _NAME.fullmatch(name):
            raise SettingsRefused(
                f"{path}: the profile name {name!r} must be of a-z, 0-9, - and _, not longer than 48, and not begin with pg_"
            )
    return profiles


def settings_of(name: str, profiles: Mapping[str, dict[str, Any]], known: set[str], path: Path) -> dict[str, Any]:
    """One profile's settings. Raises SettingsRefused for an unknown profile, or an unknown setting in it."""
    if name not in profiles:
        names = ", ".join([DEFAULT, SANDBOX, *profiles])
        raise SettingsRefused(f"BLUUM_PROFILE: there is no profile {name!r} in {path}; known are {names}")
    if unknown := profiles[name].keys() - known:
        raise SettingsRefused(f"{path}: the profile {name} has an unknown setting: {', '.join(sorted(unknown))}")
    return profiles[name]
