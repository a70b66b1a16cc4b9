"""Twenty readers of several DuckDB versions while night after night is published: the long form of test_readers.py.

    .venv/bin/python bench/readers.py --readers 20 --nights 200 --python /path/with/duckdb-1.1/bin/python --folder /tmp/v11

Installs nothing: --python takes interpreters, --folder folders that `pip install --target` filled. Exits 1 at any complaint.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.readers import Readers, make_marts, settings_for

from pipelines.destination.publish import publish


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--nights", type=int, default=100)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--python", action="append", default=[], help="another interpreter, with a DuckDB of its own")
    parser.add_argument("--folder", action="append", default=[], help="a folder with another DuckDB, for this interpreter")
    given = parser.parse_args()
    kinds = [("ours", sys.executable, None), *((path, path, None) for path in given.python)]
    kinds += [(folder, sys.executable, folder) for folder in given.folder]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        data = Path(name)
        make_marts(data, 0, given.rows)
        publish(settings_for(data), "night 0")
        began = time.monotonic()
        each = max(given.readers // len(kinds), 1)
        groups = [Readers(data / "bi.duckdb", each, folder=folder, python=python) for _, python, folder in kinds]
        for group in groups:
            stack.enter_context(group)
        for night in range(1, given.nights):
            make_marts(data, night, given.rows)
            publish(settings_for(data), f"night {night}")
        for group in groups:
            group.wait_for_another_look()
        stack.close()
    for (kind, _, _), group in zip(kinds, groups, strict=True):
        print(
            f"{kind}: {each} readers, {sum(group.looks)} looks, {len(group.nights_seen)} nights seen, "
            f"{len(group.complaints)} complaints"
        )
        print("\n".join(group.complaints[:10]))
    print(f"{given.nights} nights published in {time.monotonic() - began:.0f} s")
    return int(any(group.complaints for group in groups))


if __name__ == "__main__":
    sys.exit(main())
