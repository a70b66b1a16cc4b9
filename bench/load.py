"""How fast answers become rows, without a limit: our load against dlt's own rest_api source, whole processes, in turns.

    python bench/load.py --accounts 500 --turns 3

Both ask the same server (`server.py`) the same questions of every account and land the answers in a DuckDB file; ours also
keeps every body, reads decimals exactly and quarantines. The peer (`peer.py`) has an environment of its own, made by uv.
Prints requests a second and peak memory of each, their ratio, and what the server alone can do. Memory is that of the
process and of all that it starts, pages that they share counted once: the peer's normalizers are processes of their own.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, TemporaryFile
from urllib.parse import urlsplit
from urllib.request import urlopen

import psutil
from server import COUNT

_HERE = Path(__file__).parent
KINDS = ("ours", "rest_api")
LOOK_EVERY = 0.02  # seconds between two looks at the memory


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


@cache
def peers_python() -> str:
    """The interpreter of the peer's own environment, made by uv from what the script says it needs."""
    uv, peer = str(Path(sys.executable).with_name("uv")), str(_HERE / "peer.py")
    subprocess.run([uv, "sync", "--quiet", "--compile-bytecode", "--python", sys.executable, "--script", peer], check=True)
    found = subprocess.run([uv, "python", "find", "--script", peer], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def command_of(kind: str, url: str, folder: str) -> list[str]:
    """The process to measure. It prints its seconds."""
    if kind == "ours":
        return [sys.executable, __file__, "--url", url, "--folder", folder]
    return [peers_python(), str(_HERE / "peer.py"), url, folder]


def held(process: psutil.Process) -> float:
    """MB that a process and all that it has started hold now."""
    total = 0
    try:
        for member in (process, *process.children(recursive=True)):
            total += member.memory_full_info().pss
    except psutil.Error:  # one of them has just ended
        pass
    return total / 2**20


def run(kind: str, url: str) -> tuple[float, float]:
    """One load as a process of its own. Returns its requests a second, start-up included, and its peak memory in MB."""
    before, peak = requests(url), 0.0
    with TemporaryDirectory() as folder, TemporaryFile("w+") as output:
        process = psutil.Popen(command_of(kind, url, folder), stdout=output, stderr=output)
        while process.poll() is None:
            peak = max(peak, held(process))
            time.sleep(LOOK_EVERY)
        output.seek(0)
        printed = output.read()
        assert not process.returncode, printed[-3000:]
        return (requests(url) - before) / float(printed.splitlines()[-1]), peak


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
        print(time.perf_counter() - began)
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
