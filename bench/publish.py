"""What publishing costs as the history grows: the file made anew, and brought up to date after one more night.

    python bench/publish.py --accounts 500 --nights 250

Prints the rows and the size of the published file, and the seconds of both ways.
"""

import argparse
import tempfile
import time
from pathlib import Path

import history
from models import SQL, Version

from pipelines.destination.publish import publish
from pipelines.settings import Settings


def main() -> None:
    """Build, publish, add a night, build, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--nights", type=int, default=250)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder))  # type: ignore[call-arg]
        version = Version("ours", SQL, settings.folder)
        version.folder.mkdir(parents=True, exist_ok=True)
        history.create(version.warehouse, given.accounts, given.nights)
        version.build("all")
        rows, anew = _published(settings)
        history.add_nights(version.warehouse, given.accounts, given.nights)
        version.build("one more")
        _, by_change = _published(settings)
        print(
            f"{given.accounts} accounts, {given.nights} nights: {rows:,} rows, {settings.bi.stat().st_size / 1e6:.0f} MB; "
            f"made anew in {anew:.1f} s, brought up to date in {by_change:.1f} s ({by_change / anew:.2f})"
        )


def _published(settings: Settings) -> tuple[int, float]:
    began = time.perf_counter()
    rows = publish(settings, "bench")
    return sum(rows.values()), time.perf_counter() - began


if __name__ == "__main__":
    main()
