"""The dbt project as Dagster assets: every model an asset, every dbt test an asset check.

What a model says is in sql/; here is only how Dagster finds and runs it. The manifest is dbt's own summary of sql/, made
again when a file there is newer.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from assets.dbt_child import PARENT
from pipelines.destination.lock import writing
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import ModelsFailed
from pipelines.settings import Settings

PROJECT = Path(__file__).parent.parent / "sql"
_MANIFEST = PROJECT / "target" / "manifest.json"


class _Layers(DagsterDbtTranslator):
    """Groups models by layer, which is the folder they are in."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["fqn"][1])


def manifest() -> Path:
    """The path of an up-to-date manifest; parses sql/ if it is missing or older than a file there (about four seconds)."""
    sources = [path for path in PROJECT.rglob("*") if path.suffix in {".sql", ".yml", ".md"} and "target" not in path.parts]
    if not _MANIFEST.exists() or _MANIFEST.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        from dbt.cli.main import dbtRunner

        _MANIFEST.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=_MANIFEST.parent) as aside:  # so that nobody else reads half a manifest
            folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", aside]
            result = dbtRunner().invoke(["parse", *folders, "--quiet"])
            if not result.success:
                raise RuntimeError(f"dbt cannot parse {PROJECT}: {result.exception}")
            for name in ("partial_parse.msgpack", _MANIFEST.name):
                os.replace(Path(aside) / name, _MANIFEST.with_name(name))
    return _MANIFEST


class ModelsConfig(dg.Config):
    """How to build the models: what changed, or everything again from raw."""

    full_refresh: bool = False


def build_models(settings: Callable[[], Settings]) -> dg.AssetsDefinition:
    """The models and their tests, as one step."""

    @dbt_assets(manifest=manifest(), name="models", dagster_dbt_translator=_Layers())
    def models(context: dg.AssetExecutionContext, config: ModelsConfig) -> Iterator[Any]:
        configured = settings()
        os.environ["BLUUM_WAREHOUSE"] = str(configured.warehouse)
        os.environ[PARENT] = str(os.getpid())
        dbt = DbtCliResource(
            project_dir=str(PROJECT),
            profiles_dir=str(PROJECT),
            dbt_executable=str(Path(sys.executable).with_name("bluum-dbt")),
        )
        target = configured.folder / "dbt"
        with writing(configured.folder, "models"):
            warehouse = Warehouse.of(configured)
            warehouse.sweep()  # what a killed load left would be read by models of a run of their own
            warehouse.upgrade()
            loads = warehouse.committed_loads()
            try:
                # Unit tests judge the SQL, not tonight's data: `make test` runs them.
                arguments = ["build", "--exclude-resource-type", "unit_test", *["--full-refresh"] * config.full_refresh]
                yield from dbt.cli(arguments, context=context, target_path=target).stream()
                if not context.is_subset:
                    warehouse.note_built(loads)
            except DagsterDbtCliRuntimeError as error:
                raise ModelsFailed(_failures(target)) from error
            finally:
                for copied in target.glob("partial_parse*.msgpack"):
                    copied.chmod(0o600)  # dagster-dbt copies it with the mode it has in sql/target

    return models


def _failures(target: Path) -> str:
    """The models and tests that failed, by name and with dbt's message, as run_results.json has them."""
    try:
        results = json.loads((target / "run_results.json").read_text())["results"]
    except (OSError, ValueError, KeyError):
        results = []
    failed = [
        f"{result['unique_id'].split('.')[2]}: {(result['message'] or '').strip().splitlines()[0]}"
        for result in results
        if result["status"] in ("error", "fail")
    ]
    return (
        f"the models or their checks failed ({'; '.join(failed) or 'dbt did not start'}); what was asked has landed, "
        f"bi.duckdb is as it was; see {target / 'dbt.log'}"
    )
