"""Two homes side by side: which rows, names or types of a mart only one of them has."""

from pathlib import Path

import duckdb
import pyarrow as pa

Tables = dict[str, pa.Table]


def marts(warehouse: Path) -> Tables:
    """Every table and view that readers of a DuckDB file have, by `schema.table`."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('marts', 'audit') order by all"
        ).fetchall()
        return {name: connection.execute(f"select * from {name}").to_arrow_table() for (name,) in names}


def differences(warehouse: Tables, home: Tables) -> dict[str, object]:
    """By mart: columns or types that differ, else the first rows that only one of the two has."""
    found: dict[str, object] = {}
    for name, ours in warehouse.items():
        theirs = home[name]
        if _columns(ours) != _columns(theirs):
            found[name] = {"warehouse": _columns(ours) - _columns(theirs), "home": _columns(theirs) - _columns(ours)}
            continue
        said = duckdb.execute(
            "(select 'warehouse' as side, * from (from ours except all from theirs) limit 3)"
            " union all (select 'home', * from (from theirs except all from ours) limit 3)"
        ).to_arrow_table()
        if said.num_rows:
            found[name] = _unequal(said)
    return found


def _columns(table: pa.Table) -> set[tuple[str, str]]:
    return {(field.name, str(field.type)) for field in table.schema}


def _unequal(said: pa.Table) -> list[dict[str, object]]:
    """The rows, without the columns that say the same in all of them."""
    telling = [name for name in said.column_names if len(set(said[name].to_pylist())) > 1]
    return said.select(telling).to_pylist()
