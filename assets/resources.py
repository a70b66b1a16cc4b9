"""What the assets are given from outside: the connection to Bluum, dbt, and where alerts go.

Settings are read when a step begins, never while Dagster loads. A test or the command line gives a `Bluum` of its own.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import httpx
from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version
from pydantic import SecretStr

from assets.partitions import profile_of
from pipelines.api.endpoints import MARKET_ZONE
from pipelines.api.progress import Observer
from pipelines.destination.lock import writing
from pipelines.profiles import SettingsRefused
from pipelines.settings import Settings, alert_webhook

SANDBOX_YEAR = 2022
ALERT_SECONDS = 10.0


@dataclass(frozen=True)
class Bluum:
    """One connection: the settings it has, and who is told how far it is."""

    settings: Settings
    observe: Observer = lambda progress: None

    @contextmanager
    def api(self) -> Iterator[Settings]:
        """Settings with an API to ask: their own, or without any credentials the bundled sandbox, started for the moment."""
        if not self.settings.wants_sandbox:
            yield self.settings
            return
        from sandbox.server import Options, running

        with running(Options(start=sandbox_now())) as sandbox:
            yield self.settings.model_copy(
                update={"base_url": sandbox.base_url, "api_key": sandbox.key, "api_secret": SecretStr(sandbox.secret)}
            )


class BluumResource(dg.ConfigurableResource[Bluum]):
    """The connection of the run's profile, as the environment, .env and the settings file describe it.

    A run holds the data folder from its beginning to its end: so one that is said to go on while nobody holds the folder is
    dead (see `unfinished.py`).
    """

    def create_resource(self, context: dg.InitResourceContext) -> Bluum:
        return Bluum(Settings.of(profile_of(context.run.tags) if context.run else None))

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Bluum]:
        """The connection for as long as the run lasts. Raises Locked if somebody else is writing."""
        bluum = self.create_resource(context)
        with writing(bluum.settings, f"Dagster's {context.run.job_name}" if context.run else "Dagster"):
            yield bluum


class AlertResource(dg.ConfigurableResource["AlertResource"]):
    """The webhook that alerts are posted to, as Slack and its like take them: {"text": one line}."""

    def post(self, text: str, profile: str | None = None) -> str:
        """Post one line to BLUUM_ALERT_WEBHOOK, if it is set. Returns what came of it: an alert never costs a night."""
        try:
            webhook = alert_webhook(profile)
        except SettingsRefused as error:
            return f"not posted: {error}"
        if webhook is None:
            return "not posted: BLUUM_ALERT_WEBHOOK is not set"
        try:
            httpx.post(webhook.get_secret_value(), json={"text": text}, timeout=ALERT_SECONDS).raise_for_status()
        except httpx.HTTPStatusError as error:
            return f"not posted: the webhook answered {error.response.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"not posted: the webhook cannot be reached ({type(error).__name__})"  # its address is a secret
        return "posted"


class _Dbt(DbtCliResource):
    """Starts dbt at once: dagster-dbt would first ask it for its version, and make a connection for row counts (3 s)."""

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:
        return None


def dbt_resource(project: DbtProject) -> DbtCliResource:
    """Dbt as a process of its own that ends with this one: see `cli/dbt_child.py`."""
    return _Dbt(
        project_dir=str(project.project_dir),
        profiles_dir=str(project.profiles_dir),
        dbt_executable=str(Path(sys.executable).with_name("bluum-dbt")),
    )


def sandbox_now() -> datetime:
    """Today and now, in the last year of the sandbox's prices: so a new day there is a new night here."""
    now = datetime.now(MARKET_ZONE)
    return now.replace(year=SANDBOX_YEAR, day=min(now.day, 28) if now.month == 2 else now.day)
