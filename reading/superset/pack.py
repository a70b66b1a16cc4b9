"""Writes the pack: YAML in the forms of Superset's import, version 1.0.0, with ids that are the same each time it is made.

Superset's import puts a dashboard anew, and leaves datasets and charts of the same id as they are there, since somebody may
have changed them: to take a newer pack's, delete them in Superset first.
"""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from pipelines.errors import BluumError
from pipelines.lake import Lake
from reading.marts import Marts
from reading.questions import question
from reading.superset.charts import DASHBOARDS, Chart, Dashboard, Filter
from reading.superset.datasets import DATASETS, Dataset

DATABASE = "Bluum"
CACHE_SECONDS = 600
"""How long Superset may show what it has asked: much shorter than a night."""
_MADE_AT = (2020, 1, 1, 0, 0, 0)  # the same bytes from the same marts

_WORDS = {"pnl": "P&L", "itd": "since opening", "mtd": "this month", "qtd": "this quarter", "ytd": "this year"}

Described = dict[str, tuple[str, list[tuple[str, str, str]]]]
"""By table: its description, and name, type and description of each column."""


class PackNotWritten(BluumError):
    """The pack could not be written, or the file lacks a table that it speaks of."""


def write_pack(marts: Marts, to: Path) -> tuple[int, int]:
    """Write the zip; returns the number of its charts and dashboards. Raises NothingPublished, PackNotWritten."""
    files = dict(_files(marts, _described(marts)))
    building = to.with_name(to.name + ".building")
    try:
        with zipfile.ZipFile(building, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
                archive.writestr(zipfile.ZipInfo(f"bluum/{name}", _MADE_AT), text, zipfile.ZIP_DEFLATED)
        os.replace(building, to)
    except OSError as error:
        building.unlink(missing_ok=True)
        raise PackNotWritten(f"{to} could not be written: {error.strerror}") from error
    return sum(name.startswith("charts/") for name in files), len(DASHBOARDS)


def _described(marts: Marts) -> Described:
    query = """
        select table_name, coalesce(held.comment, '') as description,
            list((column_name, data_type, coalesce(columns.comment, '')) order by column_index) as columns
        from duckdb_columns() as columns
        join (select table_oid, comment from duckdb_tables() where database_name = 'bi'
            union all select view_oid, comment from duckdb_views() where database_name = 'bi') as held using (table_oid)
        where database_name = 'bi' and schema_name = $schema group by all
    """
    with marts.open() as connection:
        # A lake's views keep no descriptions of columns: those of the tables they are of do.
        return {
            table: (description, columns)
            for schema in ("marts", "marts_next")
            for table, description, columns in connection.execute(query, {"schema": schema}).fetchall()
        }


def _files(marts: Marts, described: Described) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "metadata.yaml", {"version": "1.0.0", "type": "Dashboard", "timestamp": "2020-01-01T00:00:00+00:00"}
    yield f"databases/{DATABASE}.yaml", _database(marts.place)
    for dataset in DATASETS:
        table = dataset.of or dataset.table
        if table not in described:
            remedy = "`bluum sync`, or `bluum replay`, makes it"
            raise PackNotWritten(f"{marts.place} has no marts.{table}, which the pack shows; {remedy}")
        yield f"datasets/{DATABASE}/{dataset.table}.yaml", _dataset(dataset, marts, *described[table])
    for dashboard in DASHBOARDS:
        for _, row in dashboard.rows:
            for chart in row:
                yield f"charts/{_slug(chart.title)}.yaml", _chart(chart)
        yield f"dashboards/{dashboard.slug}.yaml", _dashboard(dashboard)


def _uri(place: Path | Lake) -> str:
    if isinstance(place, Path):
        return f"duckdb:///{place.resolve()}"
    if place.schema != "public":
        raise PackNotWritten(
            f"Superset opens a lake by its address alone, and {place} has a schema: give it a catalog of its own"
        )
    return f"duckdb:///{place.address}"  # SQLAlchemy takes it as it stands, blanks and all


def _database(place: Path | Lake) -> dict[str, Any]:
    # Read-only: whoever opens the file to write locks everybody else out.
    extra = {"engine_params": {"connect_args": {"read_only": True}}, "metadata_cache_timeout": {"schema_cache_timeout": 600}}
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": _uri(place),
        "cache_timeout": CACHE_SECONDS,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "extra": extra,
        "uuid": _id("database"),
        "version": "1.0.0",
    }


def _dataset(dataset: Dataset, marts: Marts, description: str, columns: list[tuple[str, str, str]]) -> dict[str, Any]:
    said = {name: comment for name, _, comment in columns}
    asked = question(dataset.table) if dataset.of else None
    if asked:
        description, told = asked.title, marts.sql(f"describe {asked.sql}").rows()
        columns = [(row["column_name"], row["column_type"], said.get(row["column_name"], asked.title)) for row in told]
    return {
        "table_name": dataset.table,
        "main_dttm_col": dataset.day,
        "description": description,
        "schema": "marts",
        "sql": asked.sql if asked else None,
        "cache_timeout": None,
        "uuid": _id(f"dataset/{dataset.table}"),
        "metrics": [
            {
                "metric_name": metric.name,
                "verbose_name": metric.label,
                "expression": metric.sql,
                "description": metric.description or said[metric.of],
                "d3format": metric.d3format,
            }
            for metric in dataset.metrics
        ],
        "columns": [
            *(_column(name, kind, comment) for name, kind, comment in columns),
            *(_column(name, "VARCHAR", f"Worked out here: {sql}", sql) for name, sql in dataset.worked_out),
        ],
        "version": "1.0.0",
        "database_uuid": _id("database"),
    }


def _column(name: str, kind: str, description: str, expression: str | None = None) -> dict[str, Any]:
    return {
        "column_name": name,
        "verbose_name": _read_out(name),
        "type": kind,
        "description": description,
        "expression": expression,
        "is_dttm": kind == "DATE" or kind.startswith("TIMESTAMP"),
        "is_active": True,
        "groupby": True,
        "filterable": True,
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "slice_name": chart.title,
        "viz_type": chart.kind,
        "params": {"viz_type": chart.kind, "adhoc_filters": [], **chart.params},
        "query_context": None,
        "cache_timeout": None,
        "uuid": _id(f"chart/{chart.title}"),
        "version": "1.0.0",
        "dataset_uuid": _id(f"dataset/{chart.dataset}"),
    }


def _dashboard(dashboard: Dashboard) -> dict[str, Any]:
    rows = [f"ROW-{number}" for number in range(len(dashboard.rows))]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "parents": ["ROOT_ID"], "children": rows},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
    }
    for row, (height, charts) in zip(rows, dashboard.rows, strict=True):
        names = [f"CHART-{row}-{number}" for number in range(len(charts))]
        above = ["ROOT_ID", "GRID_ID"]
        meta: dict[str, Any] = {"background": "BACKGROUND_TRANSPARENT"}
        position[row] = {"id": row, "type": "ROW", "parents": above, "children": names, "meta": meta}
        for name, chart in zip(names, charts, strict=True):
            meta = {"uuid": _id(f"chart/{chart.title}"), "sliceName": chart.title, "width": chart.width, "height": height}
            meta["chartId"] = len(position)  # any number that no other has: the import puts its own
            position[name] = {"id": name, "type": "CHART", "parents": [*above, row], "children": [], "meta": meta}
    return {
        "dashboard_title": dashboard.title,
        "description": None,
        "slug": dashboard.slug,
        "css": "",
        "published": True,
        "uuid": _id(f"dashboard/{dashboard.slug}"),
        "position": position,
        "metadata": {
            "native_filter_configuration": [_filter(dashboard, chosen) for chosen in dashboard.filters],
            "color_scheme": "supersetColors",
            "cross_filters_enabled": True,
        },
        "version": "1.0.0",
    }


def _filter(dashboard: Dashboard, chosen: Filter) -> dict[str, Any]:
    target = {"column": {"name": chosen.column}, "datasetUuid": _id(f"dataset/{chosen.dataset}")}
    return {
        "id": f"NATIVE_FILTER-{_slug(dashboard.title + chosen.title)}",
        "name": chosen.title,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select" if chosen.column else "filter_time",
        "targets": [target if chosen.column else {}],
        "controlValues": {"multiSelect": True, "enableEmptyFilter": False} if chosen.column else {},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
    }


def _read_out(name: str) -> str:
    words = [_WORDS.get(word, word) for word in name.removeprefix("is_").split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def _id(what: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"bluum-warehouse/superset/{what}"))


def _slug(title: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in title)
