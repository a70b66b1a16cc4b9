"""What is said of models that failed: of this very build, and not of one before it."""

import json
from pathlib import Path

import pytest
from helpers.faulty import running
from helpers.house import House

from cli.running import Work, execute
from pipelines.errors import ModelsFailed
from sandbox.server import Options

YESTERDAY = {"status": "error", "unique_id": "model.bluum.pnl_daily", "message": "Runtime Error\n  yesterday's"}


@pytest.mark.slow
def test_a_dbt_that_cannot_begin_is_told_by_its_own_words_and_not_by_yesterday_s_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path / "data")
        house.sync()
    results = house.settings().folder / "dbt" / "run_results.json"
    results.parent.mkdir()
    results.write_text(json.dumps({"results": [YESTERDAY]}))
    monkeypatch.setenv("DBT_PROFILE", "nobody")

    with pytest.raises(ModelsFailed) as raised:
        execute(house.settings(), Work("remodel"))

    said = str(raised.value)
    assert "failed (Runtime Error: Could not find profile named 'nobody'); what was asked has landed" in said
    assert "pnl_daily" not in said
