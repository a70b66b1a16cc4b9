"""The oracle's history, played into a lake: the marts that are published there are what the ledger says."""

from pathlib import Path

import pytest
from helpers.lakes import Catalog, rows
from oracle.compare import differences, read_mart
from oracle.marts import MARTS
from oracle.observed import Observed
from oracle.played import playing

from cli.running import Work, execute
from pipelines.settings import Settings

pytestmark = pytest.mark.engines


def test_every_mart_of_a_lake_is_what_the_ledger_says(catalog: Catalog, tmp_path: Path) -> None:
    with playing(tmp_path / "data", **catalog.given) as played:
        pair = {"api_key": "nobody", "BLUUM_API_SECRET": "none", "BLUUM_BASE_URL": "http://127.0.0.1:9/v1"}
        execute(
            Settings(_env_file=None, **pair, data_dir=tmp_path / "data", keep_reports=0, **catalog.given), Work("remodel")
        )
        observed, lake = Observed(played), catalog.lake()
        found = [differences(grain, expected(observed), read_mart(lake, grain)) for grain, expected in MARTS.items()]

    assert [str(difference) for difference in found if difference.found] == []
    lost = "select count(*) from marts.positions_daily anti join audit.responses using (response_id)"
    assert rows(lake, lost) == [(0,)]
