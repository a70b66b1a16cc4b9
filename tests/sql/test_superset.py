"""The Superset pack against marts that dbt has built: valid YAML, ids that stay, and nothing in it that the file lacks.

Superset itself is not started here: `bench/superset.py` imports the pack into a fresh one and asks its charts.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.destination.publish import publish
from pipelines.errors import BluumError
from pipelines.settings import Settings
from reading import Marts
from reading.superset import write_pack

Pack = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def bi(workbench: Path) -> Path:
    settings = Settings(_env_file=None, api_key="k", BLUUM_API_SECRET="s", data_dir=workbench.parent)  # type: ignore[call-arg]
    publish(settings, "run 1")
    return settings.bi


@pytest.fixture(scope="module")
def pack(bi: Path) -> Pack:
    """The content of the zip by path, without the folder that holds it all."""
    path = bi.with_name("superset.zip")
    write_pack(Marts(bi), path)
    with zipfile.ZipFile(path) as archive:
        return {name.removeprefix("bluum/"): yaml.safe_load(archive.read(name)) for name in archive.namelist()}


@pytest.fixture
def connection(bi: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with Marts(bi).open() as opened:
        yield opened


def _of(pack: Pack, kind: str) -> list[dict[str, Any]]:
    return [content for name, content in pack.items() if name.startswith(f"{kind}/")]


def _datasets(pack: Pack) -> dict[str, dict[str, Any]]:
    return {dataset["uuid"]: dataset for dataset in _of(pack, "datasets")}


def test_it_has_two_dashboards_and_every_chart_stands_on_one(pack: Pack) -> None:
    dashboards = _of(pack, "dashboards")
    assert [dashboard["dashboard_title"] for dashboard in dashboards] == ["Drift", "P&L"]
    shown = [
        place["meta"]["uuid"]
        for dashboard in dashboards
        for place in dashboard["position"].values()
        if isinstance(place, dict) and place["type"] == "CHART"
    ]
    assert sorted(shown) == sorted(chart["uuid"] for chart in _of(pack, "charts"))


def test_a_row_of_charts_is_as_wide_as_the_dashboard(pack: Pack) -> None:
    for dashboard in _of(pack, "dashboards"):
        places = dashboard["position"]
        for row in places["GRID_ID"]["children"]:
            assert sum(places[chart]["meta"]["width"] for chart in places[row]["children"]) == 12


def test_the_database_is_opened_read_only_and_what_was_asked_is_kept_for_less_than_a_night(pack: Pack, bi: Path) -> None:
    (database,) = _of(pack, "databases")
    assert database["sqlalchemy_uri"] == f"duckdb:///{bi}"
    assert database["extra"]["engine_params"]["connect_args"] == {"read_only": True}
    assert 0 < database["cache_timeout"] < 3600


def test_every_column_is_the_files_with_its_type_and_description(pack: Pack, connection: duckdb.DuckDBPyConnection) -> None:
    for dataset in (each for each in _of(pack, "datasets") if not each["sql"]):
        found = connection.execute(
            "select column_name, data_type, comment from duckdb_columns() where database_name = 'bi' and table_name = ?"
            " order by column_index",
            [dataset["table_name"]],
        ).fetchall()
        own = [c for c in dataset["columns"] if c["expression"] is None]
        assert [(c["column_name"], c["type"], c["description"]) for c in own] == found


def test_the_sql_of_every_metric_and_column_runs_and_says_what_it_is(
    pack: Pack, connection: duckdb.DuckDBPyConnection
) -> None:
    for dataset in _of(pack, "datasets"):
        metrics = [metric["expression"] for metric in dataset["metrics"]]
        worked_out = [column["expression"] for column in dataset["columns"] if column["expression"]]
        for chosen in (metrics, worked_out):
            asked = f"({dataset['sql']})" if dataset["sql"] else f"marts.{dataset['table_name']}"
            connection.execute(f"select {', '.join(chosen or ['1'])} from {asked}").fetchall()
        assert all(metric["description"] for metric in dataset["metrics"])


def test_a_chart_names_columns_and_metrics_of_its_dataset(pack: Pack) -> None:
    for chart in _of(pack, "charts"):
        dataset, params = _datasets(pack)[chart["dataset_uuid"]], chart["params"]
        columns = {column["column_name"] for column in dataset["columns"]}
        filtered = {condition["subject"] for condition in params["adhoc_filters"]}
        ordered = {yaml.safe_load(order)[0] for order in params.get("order_by_cols", [])}
        named = {*params.get("groupby", []), *params.get("all_columns", []), *filtered, *ordered}
        named |= {params["x_axis"]} if "x_axis" in params else set()
        assert named <= columns, chart["slice_name"]
        metrics = {*params.get("metrics", []), *([params["metric"]] if "metric" in params else [])}
        assert metrics <= {metric["metric_name"] for metric in dataset["metrics"]}, chart["slice_name"]


def test_a_line_breaks_where_a_session_is_missing(pack: Pack, connection: duckdb.DuckDBPyConnection) -> None:
    """Superset joins the rows that are there: a line is of a dataset that has a row for each session."""
    lines = [chart for chart in _of(pack, "charts") if chart["params"]["viz_type"].endswith("_line")]
    assert len(lines) == 2
    between = "between (select min(as_of_date) from {0}) and (select max(as_of_date) from {0})"
    for sql in (_datasets(pack)[chart["dataset_uuid"]]["sql"] for chart in lines):
        of_it = connection.execute(
            f"select count(distinct as_of_date) from ({sql}) semi join marts.dates on "
            "as_of_date = calendar_date and is_session"
        ).fetchall()
        sessions = f"select count(*) from marts.dates where is_session and calendar_date {between.format(f'({sql})')}"
        assert of_it == connection.execute(sessions).fetchall()


def test_a_filter_names_a_column_of_its_dataset(pack: Pack) -> None:
    targets = [
        target
        for dashboard in _of(pack, "dashboards")
        for chosen in dashboard["metadata"]["native_filter_configuration"]
        for target in chosen["targets"]
        if target
    ]
    assert len(targets) == 4
    for target in targets:
        assert target["column"]["name"] in {c["column_name"] for c in _datasets(pack)[target["datasetUuid"]]["columns"]}


def test_points_of_drift_are_added_up_over_nights_alone(pack: Pack) -> None:
    """Those of two portfolios together are of neither, and those of all classes of one come to nothing."""
    added = [
        chart["params"] for chart in _of(pack, "charts") if any("_points" in m for m in chart["params"].get("metrics", []))
    ]
    assert [params["groupby"] for params in added] == [["portfolio", "asset_class"]]


def test_no_level_is_added_up_over_nights(pack: Pack) -> None:
    """A sum of levels is right in a view of the newest night, and where each mark of a chart is one night."""
    for chart in _of(pack, "charts"):
        dataset = _datasets(pack)[chart["dataset_uuid"]]
        said = {column["column_name"]: column["description"] for column in dataset["columns"]}
        shown = chart["params"].get("metrics", [chart["params"].get("metric")])
        sums = [
            m["expression"] for m in dataset["metrics"] if m["metric_name"] in shown and m["expression"].startswith("sum(")
        ]
        if any("Semi-additive" in said[expression[4:-1]] for expression in sums):
            is_newest = dataset["table_name"].endswith("_latest")
            assert is_newest or (chart["params"]["x_axis"], chart["params"]["time_grain_sqla"]) == ("as_of_date", "P1D")


def test_the_same_marts_give_the_same_bytes(pack: Pack, bi: Path) -> None:
    again = bi.with_name("again.zip")
    write_pack(Marts(bi), again)
    assert again.read_bytes() == bi.with_name("superset.zip").read_bytes()


def test_a_place_that_cannot_be_written_and_a_file_of_another_version_are_named(bi: Path, tmp_path: Path) -> None:
    with pytest.raises(BluumError, match=r"none/pack\.zip could not be written: No such file or directory"):
        write_pack(Marts(bi), tmp_path / "none" / "pack.zip")
    with duckdb.connect(str(tmp_path / "bi.duckdb")) as connection:
        connection.execute("create schema marts; create table marts.accounts (account_id varchar)")
    with pytest.raises(BluumError, match=r"bi\.duckdb has no marts\.portfolio_latest, which the pack shows; `bluum sync`"):
        write_pack(Marts(tmp_path / "bi.duckdb"), tmp_path / "pack.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["bi.duckdb"]
