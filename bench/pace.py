"""How much of a limit a night uses, and whether it ever asks for more: over HTTP, with ways of changing length.

    python bench/pace.py --accounts 1000 --limit 25 --latency 0.010 0.030 --busy 1

Prints, for the load alone (no models): the share of the limit from the first request to the last answer, how many were
answered 429, and how long the load went on after the last answer. `--busy` keeps so many processors at work beside it.
"""

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.night.sync import sync
from pipelines.settings import Settings

_HERE = Path(__file__).parent


def main() -> None:
    """Start the server, sync a night against it, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--limit", type=int, default=25, help="requests a second")
    parser.add_argument("--latency", type=float, nargs=2, default=(0.010, 0.030), help="seconds one way, from and to")
    parser.add_argument("--busy", type=int, default=0, help="processes that do nothing but compute")
    options = parser.parse_args()
    command = [sys.executable, str(_HERE / "server.py"), "--accounts", str(options.accounts), "--limit", str(options.limit)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        server = subprocess.Popen(
            [*command, "--latency", *map(str, options.latency)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdin
        assert server.stdout
        for _ in range(options.busy):
            stack.callback(subprocess.Popen([sys.executable, "-c", "while True: pass"]).kill)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            api_key="key",
            BLUUM_API_SECRET="secret",
            BLUUM_BASE_URL=server.stdout.readline().strip(),
            data_dir=folder,
            rate_limit=options.limit,
        )
        begun = time.monotonic()
        progress = sync(settings, "bench")
        took = time.monotonic() - begun
        server.stdin.close()
        told = json.loads(server.stdout.read())
    asked, seconds = sum(told["statuses"].values()), told["seconds"]
    print(f"{options.accounts} accounts, {asked} requests, limit {options.limit}/s, {options.busy} busy beside it")
    print(f"  {asked / seconds / options.limit:.1%} of the limit, {told['statuses'].get('429', 0)} answered 429,")
    print(f"  busiest second {told['busiest_second']}, {len(progress.failures)} failed,")
    print(f"  the load took {took:.1f} s, {took - seconds:.1f} s of it before the first request and after the last answer")


if __name__ == "__main__":
    main()
