"""The dbt project as Dagster assets: every model an asset, every dbt test an asset check.

What a model says is in sql/; here is only how Dagster runs it. Where the project stands is `project.py`.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from assets import pnl_history
from assets.partitions import PROFILES
from assets.project import dbt_project, models_key
from assets.resources import Bluum
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import ModelsFailed
from pipelines.settings import DATASET, Settings

PROJECT = dbt_project()
MODELS_KEY = models_key(PROJECT)
JUDGED_BY_CHECKS = (
    "assert_last_night_is_covered",
    "assert_last_night_quarantined_nothing",
    "assert_last_night_reconciles",
)
"""dbt tests for whoever runs dbt alone; here `checks.py` says the same, with the figures."""

STAGING = "bluum.staging"
"""Views alone, which say tomorrow what they say today: a night makes none of them anew unless the models have changed."""

_COMMAND = [
    "build",
    *("--exclude-resource-type", "unit_test"),  # they judge the SQL, not tonight's data: `make test` runs them
    *("--log-level-file", "info", "--log-format-file", "debug", "--no-use-colors"),
    "--no-write-json",  # manifest and results take a tenth of a small night: Dagster has dbt's events
]
_FAILURE = re.compile(r"^Failure in \S+ (\S+) \([^\n]*\)\n(.*?)(?=^Failure in |\Z)", re.DOTALL | re.MULTILINE)
"""A model or test in what dbt has logged as errors: its name, and dbt's message."""


class _Layers(DagsterDbtTranslator):
    """Groups models by layer, which is the folder they are in, and puts the P&L backfill before the models that read it."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["fqn"][1])

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        # What the program notes of its own builds is nobody's asset: it is written when the models are built.
        deps = [dep for dep in spec.deps if dep.asset_key.path[0] != "builds" and dep.asset_key != pnl_history.KEY]
        is_reader = self.get_resource_props(manifest, unique_id)["name"] == pnl_history.READ_BY
        return spec.replace_attributes(deps=[*deps, *[pnl_history.KEY] * is_reader])


class ModelsConfig(dg.Config):
    """How to build the models: what changed, or everything again from raw."""

    full_refresh: bool = False


@dbt_assets(
    manifest=PROJECT.manifest_path,
    project=PROJECT,
    name="models",
    partitions_def=PROFILES,
    exclude=" ".join(JUDGED_BY_CHECKS),
    dagster_dbt_translator=_Layers(),
)
def models(
    context: dg.AssetExecutionContext, config: ModelsConfig, dbt: DbtCliResource, bluum: dg.ResourceParam[Bluum]
) -> Iterator[Any]:
    """Build and test the models. Raises ModelsFailed if one of them, or a test that is no mere warning, fails."""
    settings = bluum.settings
    target = settings.folder / "dbt"
    command = [*_COMMAND]
    if settings.dataset != DATASET:
        command += ["--vars", json.dumps({"dataset": settings.dataset})]
    with writing(settings, "models"), _home(settings) as home:
        warehouse = Warehouse.of(settings)
        warehouse.mend()
        warehouse.sweep()  # what a killed load left would be read by models of a run of their own
        warehouse.upgrade()
        loads = warehouse.committed_loads()
        command += home
        if config.full_refresh or not warehouse.is_built(MODELS_KEY):
            command += ["--full-refresh"]
        elif not context.is_subset:
            command += ["--exclude", STAGING]
        try:
            yield from dbt.cli(command, context=context, target_path=target).stream()
        except DagsterDbtCliRuntimeError as error:
            told = f"what was asked has landed, readers see what they saw; see {target / 'dbt.log'}"
            raise ModelsFailed(f"the models or their checks failed ({_failures(error)}); {told}") from error
        if not context.is_subset:
            warehouse.note_built(loads, MODELS_KEY)


@contextmanager
def _home(settings: Settings) -> Iterator[list[str]]:
    """What dbt is told: its share of memory, and of a lake where it is; a file is the one in its folder."""
    told = {**settings.memory.environment, **(settings.lake.environment if settings.lake else {})}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield ["--target", "ducklake"] if settings.lake else []
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _failures(error: DagsterDbtCliRuntimeError) -> str:
    """The models and tests that failed, by name and with dbt's message; where none has, what dbt says of itself."""
    logged = (error.description or "").partition("Errors parsed from dbt logs:")[2]
    failed = [f"{name}: {_first_lines(message)}" for name, message in dict(_FAILURE.findall(logged)).items()]
    return "; ".join(failed) or _first_lines(logged.replace("Encountered an error:", "")) or "dbt ended without a word"


def _first_lines(message: str) -> str:
    """What failed where, and why: dbt says the one in its first line and passes on the engine's reason in the second."""
    return ": ".join([line.strip() for line in message.splitlines() if line.strip()][:2])
