"""What a database has that is published: tables, keys, views and macros, with their descriptions. Reads only.

How they are published is `publish.py` for a file, `publish_lake.py` for a lake.
"""

import re
from collections.abc import Sequence
from typing import Any

import duckdb

from pipelines.literal import literal

SCHEMAS = ("marts", "audit")
_VIEW = re.compile(r"create view .*? as (?=select|with|from|\()", re.IGNORECASE | re.DOTALL)

Name = tuple[str, str]
"""Schema and name."""


def described(
    connection: duckdb.DuckDBPyConnection, database: str, kind: str, schemas: Sequence[str] = SCHEMAS
) -> dict[Name, Any]:
    """The published tables or views of a file: comment, and in order its columns: name, type, comment, may it be null."""
    found = connection.execute(
        f"""
        select held.schema_name, held.{kind}_name, any_value(held.comment),
            list((column_name, data_type, columns.comment, is_nullable) order by column_index)
        from duckdb_{kind}s() as held join duckdb_columns() as columns
            on columns.database_name = held.database_name and columns.table_oid = held.{kind}_oid
            and columns.schema_name = held.schema_name
        where held.database_name = $1 and held.schema_name in $2 and not held.internal and held.{kind}_name != 'manifest'
        group by all order by any_value(held.{kind}_oid)  -- as they were made: one view may ask another
        """,
        [database, list(schemas)],
    ).fetchall()
    return {(schema, name): (comment, columns) for schema, name, comment, columns in found}


def keys(connection: duckdb.DuckDBPyConnection, database: str) -> dict[Name, list[list[str]]]:
    """The primary keys of a file's published tables, of those few that have one."""
    found = connection.execute(
        "select schema_name, table_name, list(constraint_column_names) from duckdb_constraints()"
        " where database_name = $1 and schema_name in $2 and constraint_type = 'PRIMARY KEY' group by all",
        [database, list(SCHEMAS)],
    ).fetchall()
    return {(schema, name): keys for schema, name, keys in found}


def views(connection: duckdb.DuckDBPyConnection, database: str, schemas: Sequence[str] = SCHEMAS) -> dict[Name, str]:
    """What each view asks; a published one names its tables by schema alone, as in any database that has them."""
    found = connection.execute(
        "select schema_name, view_name, sql from duckdb_views() where database_name = $1 and schema_name in $2"
        " and not internal order by view_oid",
        [database, list(schemas)],
    ).fetchall()
    return {(schema, name): _VIEW.sub("", text, count=1).rstrip("; \n") for schema, name, text in found}


def macros(connection: duckdb.DuckDBPyConnection, database: str, schema: str = "marts") -> list[tuple[str, list[str], str]]:
    """The questions of a file that take a parameter, such as pnl_daily_as_of(instant); they name published tables only."""
    found: list[tuple[str, list[str], str]] = connection.execute(
        """
        select function_name, parameters, macro_definition from duckdb_functions()
        where database_name = ? and schema_name = ? and function_type = 'table_macro'
        order by function_oid  -- as they were made: one may ask another
        """,
        [database, schema],
    ).fetchall()
    return found


def describe(connection: duckdb.DuckDBPyConnection, kind: str, name: Name, comment: str | None) -> None:
    """Say of a table or view of `bi` what it is."""
    if comment:
        connection.execute(f"comment on {kind} bi.{quoted(name)} is {literal(comment)}")


def dotted(name: Name) -> str:
    """A name for people."""
    return ".".join(name)


def quoted(name: Name) -> str:
    """A name for SQL."""
    return ".".join(f'"{part}"' for part in name)
