"""A stand-in for dbt's `target`, for sqlfluff."""

type = "duckdb"
