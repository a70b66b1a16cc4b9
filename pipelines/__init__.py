"""Bluum -> raw tables, with httpx and dlt. Knows nothing of Dagster, of dbt's models or of the sandbox.

schema    what the raw tables hold, and how one value is read into them exactly
api       what is asked of Bluum, and what an answer means
night     one night from its first answer to its last checkpoint; past P&L; reading kept answers again
destination  the DuckDB files: loading, asking what is held, locking, publishing
"""
