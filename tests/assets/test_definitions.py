"""What Dagster loads, and that it loads anywhere."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
import yaml

from assets.checks import CHECKS, quarantine
from assets.definitions import build_defs
from assets.models import JUDGED_BY_CHECKS, PROJECT
from assets.partitions import PNL_DAYS, PNL_REPORTS, PROFILES
from assets.project import ROOT
from assets.resources import Bluum, BluumResource
from pipelines.schema.tables import TABLES

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
    class Refusing(BluumResource):
        def create_resource(self, context: dg.InitResourceContext) -> Bluum:
            raise AssertionError("the definitions may not look at the settings while they load")

    dg.Definitions.validate_loadable(build_defs(bluum=Refusing()))


def test_every_asset_in_the_graph_can_be_made(graph: Graph) -> None:
    assert graph.get_all_asset_keys() - graph.executable_asset_keys == set()


def test_every_raw_table_is_an_asset_and_feeds_the_dbt_source_of_its_name(graph: Graph) -> None:
    nodes = json.loads(PROJECT.manifest_path.read_text())
    sources = {node["name"] for node in nodes["sources"].values() if node["source_name"] == "bluum"}
    raw = {key.path[-1] for key in graph.get_all_asset_keys() if key.path[0] == "bluum"}
    assert raw == {*TABLES, "_dlt_loads", "pnl_history"}
    assert sources <= raw
    assert set(TABLES) <= sources
    fed = {
        parent.path[-1]
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if parent.path[0] == "bluum"
    }
    assert fed == sources | {"pnl_history"}  # which fills the tables of the sources, for days that are over


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
    assert set(groups) == {"raw", "staging", "intermediate", "marts", "audit", "checks", "published"}
    assert (groups["raw"], groups["marts"], groups["published"]) == ({"bluum"}, {"marts"}, {"published", "report"})


MARTS = (
    "accounts", "portfolios", "policy_versions", "policy_targets", "positions_daily", "allocation_drift_daily",
    "portfolio_drift_daily", "drift_episodes", "pnl_daily", "pnl_by_position_daily", "pnl_by_asset_class_daily",
    "pnl_periods", "rebalancing_trades", "restatements", "reconciliation_daily", "sync_coverage_daily", "account_nights",
    "dates", "pnl_bridge",
)  # fmt: skip


@pytest.mark.parametrize("mart", MARTS)
def test_every_mart_is_an_asset_with_a_check(graph: Graph, mart: str) -> None:
    assert dg.AssetKey(["marts", mart]) in graph.get_all_asset_keys()
    assert [key for key in graph.asset_check_keys if key.asset_key.path == ["marts", mart]]


def test_every_singular_dbt_test_is_shown_as_a_check(graph: Graph) -> None:
    written = {path.stem for path in (PROJECT.project_dir / "tests").glob("*.sql")}
    shown = {key.name for key in graph.asset_check_keys}
    assert shown & written == written - set(JUDGED_BY_CHECKS)
    assert set(JUDGED_BY_CHECKS) <= written
    assert len(JUDGED_BY_CHECKS) == len(CHECKS)  # shown with their figures, and not twice
    assert shown >= {key.name for check in CHECKS for key in check.check_keys}


@pytest.mark.parametrize(
    ("name", "steps"),
    [("nightly", {"ingest", "models", "published", "report"}), ("remodel", {"models", "published", "report"})],
)  # fmt: skip
def test_a_job_runs_its_steps_one_at_a_time_and_judges_the_night(defs: dg.Definitions, name: str, steps: set[str]) -> None:
    job = defs.resolve_job_def(name)
    checks = {check.op.name for check in CHECKS}
    assert {node.name for node in job.graph.nodes} == steps | checks
    assert job.executor_def is dg.in_process_executor
    assert job.partitions_def == PROFILES


def test_a_backfill_of_days_is_one_run_up_to_today(graph: Graph) -> None:
    node = graph.get(dg.AssetKey(["bluum", "pnl_history"]))
    assert node.partitions_def == PNL_REPORTS
    today = datetime.now(ZoneInfo("America/New_York")).date()
    assert node.backfill_policy == dg.BackfillPolicy.single_run()
    assert PNL_DAYS.get_last_partition_key() == today.isoformat()
    others = graph.get_all_asset_keys() - {node.key}
    assert {graph.get(key).partitions_def for key in others} == {PROFILES}  # a night that is over cannot be asked again


def test_the_checks_of_the_night_block_nothing_and_speak_of_their_assets(graph: Graph) -> None:
    keys = {key for check in CHECKS for key in check.check_keys}
    assert {key.asset_key.to_user_string() for key in keys} == {
        "marts/sync_coverage_daily", "bluum/quarantine", "marts/reconciliation_daily",
    }  # fmt: skip
    assert [key for key in keys if graph.get_check_spec(key).blocking] == []
    (spec,) = quarantine.check_specs
    assert [dep.asset_key.path[0] for dep in spec.additional_deps] == ["marts"]  # so that it is judged after the models


def test_a_night_that_is_not_published_is_seen(graph: Graph) -> None:
    policy = graph.get(dg.AssetKey("published")).freshness_policy
    assert (policy.deadline_cron, policy.timezone) == ("0 4 * * *", "America/New_York")


def test_the_schedule_is_the_market_s_evening(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 22 * * *", "America/New_York")
    assert schedule.job_name == "nightly"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED  # a person starts it


def test_the_workspace_names_the_definitions() -> None:
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    assert "assets.definitions" in str(workspace)
