"""What a lake's readers see: views of one snapshot, all made in one transaction, so that they meet whole nights only.

    marts_next.*, audit_next.* (as dbt builds them) --views of this snapshot--> marts.*, audit.* --> marts.manifest

Nothing is copied: an older snapshot keeps what it shows until `upkeep.py` lets go of it. What a mart holds is decided in
sql/.
"""

import re
from collections.abc import Mapping

import duckdb

from pipelines.destination import catalog
from pipelines.destination.lake_lock import is_made, make_sure
from pipelines.destination.lake_store import LakeStore, line
from pipelines.destination.manifest import write_manifest
from pipelines.destination.upkeep import keep_up, newest_snapshot, published_snapshots
from pipelines.errors import NotPublished
from pipelines.lake import Lake, closing

_BUILT = tuple(LakeStore.building.values())
_NEXT = re.compile(rf"\b({'|'.join(LakeStore.building)})_next\b")


def publish_lake(lake: Lake, run_id: str) -> Mapping[str, int]:
    """Show readers what is built. Returns rows per table, by schema.table.

    Raises NotPublished if anything fails, and where there is no lake; readers see what they saw before then.
    """
    if not is_made(lake):
        raise NotPublished(f"{lake} is not made yet: there is nothing to publish")
    try:
        with closing(lake.connect("bi")) as connection:  # by which name nobody will call it: views name schemas alone
            connection.execute("begin")
            before, now = published_snapshots(connection, "bi"), newest_snapshot(connection, "bi")
            rows = _show(connection, now, run_id)
            make_sure(lake)
            connection.execute("commit")
            keep_up(connection, "bi", kept={*before, now})
    except duckdb.Error as error:
        message = f"readers of {lake} see what they saw before, the marts could not be published: {line(error)}"
        raise NotPublished(message) from error
    return rows


def _show(connection: duckdb.DuckDBPyConnection, snapshot: int, run_id: str) -> Mapping[str, int]:
    for schema in catalog.SCHEMAS:
        connection.execute(f"create schema if not exists bi.{schema}")
    tables = catalog.described(connection, "bi", "table", _BUILT)
    queries = {name: f"select * from {catalog.quoted(name)} at (version => {snapshot})" for name in tables}
    queries |= {name: _NEXT.sub(r"\1", query) for name, query in catalog.views(connection, "bi", _BUILT).items()}
    comments = {name: told[0] for name, told in {**tables, **catalog.described(connection, "bi", "view", _BUILT)}.items()}
    for view in catalog.views(connection, "bi"):
        connection.execute(f"drop view bi.{catalog.quoted(view)}")
    for built, query in queries.items():
        connection.execute(f"create view bi.{catalog.quoted(_published(built))} as {query}")
        catalog.describe(connection, "view", _published(built), comments[built])
    _copy_macros(connection)
    rows = {catalog.dotted(_published(name)): _count(connection, name) for name in tables}
    write_manifest(connection, run_id, rows)
    return rows


def _copy_macros(connection: duckdb.DuckDBPyConnection) -> None:
    for name, *_ in catalog.macros(connection, "bi"):
        connection.execute(f'drop macro table bi.marts."{name}"')
    for name, parameters, definition in catalog.macros(connection, "bi", LakeStore.building["marts"]):
        shown = _NEXT.sub(r"\1", definition)
        connection.execute(f'create macro bi.marts."{name}"({", ".join(parameters)}) as table {shown}')


def _published(name: catalog.Name) -> catalog.Name:
    """What is built in a schema is published in the one it is next of."""
    return name[0].removesuffix("_next"), name[1]


def _count(connection: duckdb.DuckDBPyConnection, name: catalog.Name) -> int:
    return int(connection.execute(f"select count(*) from bi.{catalog.quoted(name)}").fetchall()[0][0])
