"""Bluum -> raw tables, with httpx and dlt. Knows nothing of Dagster, of dbt or of the sandbox.

settings -> sync -> client -> (wire, paging) -> answers -> (endpoints, rows, values, tables) -> warehouse
"""
