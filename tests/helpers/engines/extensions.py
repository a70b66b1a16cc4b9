"""DuckDB's extensions from their packages, in the one folder that DuckDB looks for them: nothing is downloaded."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import duckdb

PACKAGES = ("duckdb_extension_ducklake", "duckdb_extension_postgres_scanner")


@cache
def extensions() -> Path:
    """The folder, for DuckDB's setting `extension_directory`; of links, and gone with the temporary files."""
    folder = Path(mkdtemp(prefix="duckdb-extensions-"))
    (platform,) = duckdb.sql("pragma platform").fetchone() or ("",)
    for package in PACKAGES:
        if (spec := find_spec(package)) is None or spec.origin is None:
            continue
        for file in Path(spec.origin).parent.glob("extensions/*/*.duckdb_extension"):
            place = folder / file.parent.name / platform
            place.mkdir(parents=True, exist_ok=True)
            (place / file.name).symlink_to(file)
    return folder
