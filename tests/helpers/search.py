"""A search of every byte that a data folder holds: files as they are, packed ones unpacked, and databases as text."""

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb


def everything(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every file as it is; packed ones unpacked; every DuckDB and parquet file as text, column by column."""
    for path in sorted(data.rglob("*")):
        if not path.is_file():
            continue
        yield str(path), path.read_bytes()
        if path.suffix == ".gz":
            yield f"{path}, unpacked", gzip.decompress(path.read_bytes())
        if path.suffix == ".parquet":
            yield f"{path}, as text", str(duckdb.sql(f"select * from read_parquet('{path}')").fetchall()).encode()
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for schema, table in connection.execute(
                    "select table_schema, table_name from information_schema.tables"
                ).fetchall():
                    rows = connection.execute(f'select row_to_json(t)::varchar from "{schema}"."{table}" as t').fetchall()
                    yield f"{path}, {schema}.{table}", "\n".join(row for (row,) in rows).encode()


def found(data: Path, wanted: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Where which of the wanted texts stands."""
    places = everything(data)
    return [(place, name) for place, content in places for name, needle in wanted.items() if needle in content]
