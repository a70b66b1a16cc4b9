"""How fast answers become rows, without a limit: our load against dlt's own rest_api source, whole processes, in turns.

    python bench/load.py --accounts 500 --turns 3

Both ask the same server (`server.py`) the same questions of every account and land the answers in a DuckDB file; ours also
keeps every body, reads decimals exactly and quarantines. The peer (`peer.py`) has an environment of its own, made by uv.
Prints requests a second and peak memory of each, their ratio, and what the server alone can do.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import urlopen

from server import COUNT

_HERE = Path(__file__).parent
KINDS = ("ours", "rest_api")
_UV_OPTIONS = ("--quiet", "--no-project", "--compile-bytecode", "--python", sys.executable)


def ours(url: str, folder: Path) -> None:
    """A night's load by this project."""
    from pipelines.night.sync import sync
    from pipelines.settings import Settings

    pair = {"api_key": "key", "BLUUM_API_SECRET": "secret", "BLUUM_BASE_URL": url}
    asked_by_us_alone = {"holdings", "summary", "performance"}
    settings = Settings(_env_file=None, **pair, data_dir=folder, rate_limit=0, leave_out=asked_by_us_alone)  # type: ignore[call-arg,arg-type]
    progress = sync(settings, "bench")
    assert not progress.failures


def requests(url: str) -> int:
    """How many requests the server has had."""
    with urlopen(url.removesuffix("/v1") + COUNT.decode()) as answer:
        return int(answer.read())


def command_of(kind: str, url: str, folder: str) -> list[str]:
    """The process to measure. It prints its seconds and its peak memory in MB."""
    if kind == "ours":
        return [sys.executable, __file__, "--url", url, "--folder", folder]
    uv = Path(sys.executable).with_name("uv")
    return [str(uv), "run", *_UV_OPTIONS, str(_HERE / "peer.py"), url, folder]


def run(kind: str, url: str) -> tuple[float, float]:
    """One load as a process of its own. Returns its requests a second, start-up included, and its peak memory in MB."""
    before = requests(url)
    with TemporaryDirectory() as folder:
        output = subprocess.run(command_of(kind, url, folder), capture_output=True, text=True)
        assert not output.returncode, output.stderr[-3000:]
        seconds, megabytes = map(float, output.stdout.splitlines()[-1].split())
        return (requests(url) - before) / seconds, megabytes


async def ceiling(url: str, count: int = 20_000, connections: int = 8) -> float:
    """Requests a second that the server answers to somebody who only reads: its smallest answer, again and again."""
    parts = urlsplit(url)
    asking = f"GET {COUNT.decode()} HTTP/1.1\r\n\r\n".encode()

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(count // connections):
            writer.write(asking)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.rpartition(b"content-length: ")[2]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(connections)))
    return count / (time.perf_counter() - began)


def main() -> None:
    """Compare; or, with --url, be the one of the compared that is ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.url:
        began = time.perf_counter()
        ours(options.url, options.folder)
        print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    command = [sys.executable, str(_HERE / "server.py"), "--accounts", str(options.accounts)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin
    assert server.stdout
    url = server.stdout.readline().strip()
    for kind in KINDS:
        run(kind, url)  # the server keeps its answers from now on
    alone = asyncio.run(ceiling(url))
    turns = [{kind: run(kind, url) for kind in KINDS} for _ in range(options.turns)]
    server.stdin.close()
    server.wait()
    print(f"{options.accounts} accounts, medians of {options.turns} turns, start-up included")
    rates = {kind: median(turn[kind][0] for turn in turns) for kind in KINDS}
    for kind, rate in rates.items():
        print(f"  {kind:9} {rate:7.0f} requests/s {max(turn[kind][1] for turn in turns):7.0f} MB")
    print(f"  ratio     {rates['ours'] / rates['rest_api']:7.2f}")
    print(f"  the server alone answers {alone:.0f} requests/s")


if __name__ == "__main__":
    main()
