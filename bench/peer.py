# /// script
# requires-python = ">=3.11"
# dependencies = ["dlt[duckdb,parquet]>=1.31,<1.32", "pandas>=2.3"]
# ///
"""The peer of `load.py`: the same questions by dlt's rest_api source, set as dlt's performance guide advises.

    uv run --no-project bench/peer.py URL FOLDER

A script with an environment of its own: nothing of this project is in it but pandas, which DuckDB and Arrow import where
they find it: some 40 MB a process. Prints its seconds.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any


def rest_api(url: str, folder: Path) -> None:
    """The same questions by dlt's rest_api source."""
    os.environ |= {
        "EXTRACT__WORKERS": "8",
        "EXTRACT__MAX_PARALLEL_ITEMS": "40",
        "NORMALIZE__WORKERS": "2",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": str(folder),
    }
    import dlt
    from dlt.sources.rest_api import rest_api_source

    def child(name: str, path: str, **more: Any) -> dict[str, Any]:
        absent = [{"status_code": 404, "action": "ignore"}]
        return {"name": name, "endpoint": {"path": path, "response_actions": absent, **more}, "parallelized": True}

    wealth = "wealth/accounts/{resources.accounts.id}"
    source = rest_api_source(
        {
            "client": {
                "base_url": url + "/",
                "auth": {"type": "http_basic", "username": "key", "password": "secret"},
                "paginator": "single_page",
            },
            "resource_defaults": {"write_disposition": "append"},
            "resources": [
                {"name": "accounts", "endpoint": "accounts"},
                child("positions", "trading/accounts/{resources.accounts.id}/positions", params={"refresh_prices": "true"}),
                {
                    **child("portfolios", wealth + "/portfolios", data_selector="portfolios"),
                    "include_from_parent": ["id"],
                },
                child(
                    "rebalancing",
                    "wealth/accounts/{resources.portfolios._accounts_id}/portfolios/{resources.portfolios.portfolio_id}/rebalancing",
                ),
                child("pnl", wealth + "/reports/pnl", params={"start_date": "2000-01-01", "end_date": "2022-06-15"}),
                child("policies", wealth + "/investment-policy", params={"include_history": "true"}),
            ],
        }
    )
    for name in ("policies", "rebalancing"):
        source.resources[name].max_table_nesting = 1
    dlt.pipeline(
        "peer",
        pipelines_dir=str(folder),
        destination=dlt.destinations.duckdb(str(folder / "peer.duckdb")),
        dataset_name="raw",
    ).run(source, loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    began = time.perf_counter()
    rest_api(sys.argv[1], Path(sys.argv[2]))
    print(time.perf_counter() - began)
