"""The pack that Superset imports: a database, datasets, charts and two dashboards, as a zip of YAML.

    datasets.py (what is offered, metrics) + charts.py (what is shown) + bi.duckdb (columns, types, descriptions) --> pack.py

What a column means is said by bi.duckdb alone; here is only what Superset wants besides.
"""

from reading.superset.pack import write_pack

__all__ = ["write_pack"]
