"""How fast answers become rows, without a limit: our load against dlt's own rest_api source, whole processes, in turns.

    python bench/load.py --accounts 500 --turns 3

Both ask the same server (`server.py`) the same questions of every account and land the answers in a DuckDB file; ours also
keeps every body, reads decimals exactly and quarantines. rest_api is set as dlt's performance guide advises: parallel
resources, more workers, Parquet. Prints requests a second and peak memory of each, and their ratio.
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from server import COUNT

_HERE = Path(__file__).parent
KINDS = ("ours", "rest_api")


def ours(url: str, folder: Path) -> None:
    """A night's load by this project."""
    from pipelines.night.sync import sync
    from pipelines.settings import Settings

    pair = {"api_key": "key", "BLUUM_API_SECRET": "secret", "BLUUM_BASE_URL": url}
    progress = sync(Settings(_env_file=None, **pair, data_dir=folder, rate_limit=0), "bench")  # type: ignore[call-arg,arg-type]
    assert not progress.failures


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


def requests(url: str) -> int:
    """How many requests the server has had."""
    with urlopen(url.removesuffix("/v1") + COUNT.decode()) as answer:
        return int(answer.read())


def run(kind: str, url: str) -> tuple[float, float]:
    """One load as a process of its own. Returns its requests a second, start-up included, and its peak memory in MB."""
    before = requests(url)
    with TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--only", kind, "--url", url, "--folder", folder]
        output = subprocess.run(command, capture_output=True, text=True)
        assert not output.returncode, output.stderr[-3000:]
        seconds, megabytes = map(float, output.stdout.splitlines()[-1].split())
        return (requests(url) - before) / seconds, megabytes


def main() -> None:
    """Compare; or, with --only, be one of the compared."""
    import time

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.only:
        begun = time.perf_counter()
        {"ours": ours, "rest_api": rest_api}[options.only](options.url, options.folder)
        took = time.perf_counter() - begun
        print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    command = [sys.executable, str(_HERE / "server.py"), "--accounts", str(options.accounts)]
    server = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin
    assert server.stdout
    url = server.stdout.readline().strip()
    for kind in KINDS:
        run(kind, url)  # the server keeps its answers from now on
    turns = [{kind: run(kind, url) for kind in KINDS} for _ in range(options.turns)]
    server.stdin.close()
    server.wait()
    print(f"{options.accounts} accounts, medians of {options.turns} turns, start-up included")
    rates = {kind: median(turn[kind][0] for turn in turns) for kind in KINDS}
    for kind, rate in rates.items():
        print(f"  {kind:9} {rate:7.0f} requests/s {max(turn[kind][1] for turn in turns):7.0f} MB")
    print(f"  ratio     {rates['ours'] / rates['rest_api']:7.2f}")


if __name__ == "__main__":
    main()
