"""Stands in for dbt's `target` while sqlfluff lints: whatever is asked of it is the dialect that is linted."""


def __getattr__(name: str) -> str:
    """An attribute of any name."""
    return "duckdb"
