"""Kills a sync many times and compares what is left with nights that nobody disturbed: the long form of test_kills.py.

    .venv/bin/python bench/kills.py --kills 200 --per-night 20 --accounts 12 --seed 7

Prints a line per kill, the figures at the end, and exits 1 if anything was lost, doubled or asked again.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.differences import differences
from helpers.faulty import running
from helpers.kills import Slaughter
from helpers.zygote import Zygote

from sandbox.server import Options


def main() -> int:
    """Run the series; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--per-night", type=int, default=20, help="kills before one start of the night may finish")
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument("--latency", type=float, default=0.4, help="seconds added to every answer: longer nights")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    options = Options(accounts=given.accounts, rate_limit=0, latency=given.latency)
    began, zygote = time.monotonic(), Zygote()
    with tempfile.TemporaryDirectory() as folder, running(options) as sandbox, running(options) as same_again:
        killed = Slaughter(sandbox, Path(folder) / "killed", zygote, given.seed, log=_line)
        calm = Slaughter(same_again, Path(folder) / "calm", zygote)
        left = given.kills
        while left > 0:
            killed.night(min(left, given.per_night))
            if calm.finish() != 0:
                killed.report.complaints.append(f"the undisturbed night failed: {calm.output}")
            left -= given.per_night
            for each in (sandbox, same_again):
                each.clock.advance(days=1)
        found = differences(Path(folder) / "killed", Path(folder) / "calm")
    zygote.close()
    report = killed.report
    print(
        f"{sum(report.kills.values())} kills by stage: {dict(report.kills)}; "
        f"{report.starts} starts, {report.requests} requests"
    )
    print(f"asked again after a commit: {dict(report.repeated) or 'nothing'}; differences: {found or 'none'}")
    for complaint in report.complaints:
        print(complaint)
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if found or report.complaints or report.repeated != Counter() else 0


def _line(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
