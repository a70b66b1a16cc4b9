"""What Dagster loads, and that it loads anywhere."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from assets.definitions import build_defs
from assets.models import PROJECT, manifest
from pipelines.tables import TABLES

Graph = Any  # Dagster has no public name for it


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


@pytest.fixture(scope="module")
def graph(defs: dg.Definitions) -> Graph:
    return defs.resolve_asset_graph()


def test_the_definitions_load_with_an_empty_environment_from_anywhere(tmp_path: Path) -> None:
    program = (
        "from assets.definitions import defs\n"
        "import dagster as dg\n"
        "dg.Definitions.validate_loadable(defs)\n"
        "print(len(defs.resolve_asset_graph().get_all_asset_keys()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.strip().splitlines()[-1]) > 40
    assert list(tmp_path.iterdir()) == []  # and leave nothing behind


def test_loading_asks_for_no_settings() -> None:
    def settings() -> object:
        raise AssertionError("the definitions may not look at the settings while they load")

    dg.Definitions.validate_loadable(build_defs(settings))  # type: ignore[arg-type]


def test_every_asset_in_the_graph_can_be_made(graph: Graph) -> None:
    assert graph.get_all_asset_keys() - graph.executable_asset_keys == set()


def test_every_raw_table_is_an_asset_and_feeds_the_dbt_source_of_its_name(graph: Graph) -> None:
    nodes = json.loads(manifest().read_text())
    sources = {node["name"] for node in nodes["sources"].values()}
    raw = {key.path[-1] for key in graph.get_all_asset_keys() if key.path[0] == "bluum"}
    assert raw == {*TABLES, "_dlt_loads"}
    assert sources <= raw
    assert set(TABLES) <= sources
    fed = {
        parent.path[-1]
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if parent.path[0] == "bluum"
    }
    assert fed == sources


def test_lineage_runs_from_raw_to_the_published_file(graph: Graph) -> None:
    seen, waiting = set[dg.AssetKey](), [dg.AssetKey("published")]
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += graph.get(key).parent_keys
    assert {key.path[-1] for key in seen if key.path[0] == "bluum"} >= {"accounts", "positions", "responses", "_dlt_loads"}
    marts = {key for key in graph.get_all_asset_keys() if key.path[0] == "marts"}
    assert marts <= seen


def test_groups_are_the_layers(graph: Graph) -> None:
    groups: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        groups.setdefault(graph.get(key).group_name, set()).add(key.path[0])
    assert set(groups) == {"raw", "staging", "intermediate", "marts", "checks", "published"}
    assert (groups["raw"], groups["marts"], groups["published"]) == ({"bluum"}, {"marts"}, {"published"})


MARTS = (
    "accounts", "portfolios", "policy_versions", "policy_targets", "positions_daily", "allocation_drift_daily",
    "portfolio_drift_daily", "drift_episodes", "pnl_daily", "pnl_by_position_daily", "pnl_by_asset_class_daily",
    "pnl_periods", "rebalancing_trades", "restatements", "reconciliation_daily", "sync_coverage_daily",
)  # fmt: skip


@pytest.mark.parametrize("mart", MARTS)
def test_every_mart_is_an_asset_with_a_check(graph: Graph, mart: str) -> None:
    assert dg.AssetKey(["marts", mart]) in graph.get_all_asset_keys()
    assert [key for key in graph.asset_check_keys if key.asset_key.path == ["marts", mart]]


def test_every_singular_dbt_test_is_shown_as_a_check(graph: Graph) -> None:
    written = {path.stem for path in (PROJECT / "tests").glob("*.sql")}
    assert written <= {key.name for key in graph.asset_check_keys}


def test_the_job_runs_everything_one_step_at_a_time(defs: dg.Definitions) -> None:
    job = defs.resolve_job_def("nightly")
    assert {node.name for node in job.graph.nodes} == {"ingest", "models", "published"}
    assert job.executor_def is dg.in_process_executor


def test_the_schedule_is_the_market_s_evening(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 22 * * *", "America/New_York")
    assert schedule.job_name == "nightly"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED  # a person starts it


def test_the_workspace_names_the_definitions() -> None:
    workspace = yaml.safe_load((PROJECT.parent / "workspace.yaml").read_text())
    assert "assets.definitions" in str(workspace)
