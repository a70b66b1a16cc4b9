"""What is said of models that failed: which, and why."""

from pathlib import Path

import pytest
from helpers.faulty import running
from helpers.house import House

from cli.running import Work, execute
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import ModelsFailed
from sandbox.server import Options


@pytest.fixture
def house(tmp_path: Path) -> House:
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path / "data")
        house.sync()
    return house


@pytest.mark.slow
def test_a_dbt_that_cannot_begin_is_told_by_its_own_words(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_PROFILE", "nobody")

    with pytest.raises(
        ModelsFailed, match=r"failed \(Runtime Error: Could not find profile named 'nobody'\); what was asked"
    ):
        execute(house.settings(), Work("remodel"))


@pytest.mark.slow
def test_a_model_and_a_test_that_fail_are_told_by_name_each_with_its_reason(house: House) -> None:
    execute(house.settings(), Work("remodel"))
    with Warehouse.of(house.settings()).connect() as connection:
        connection.execute("insert into marts.positions_daily from marts.positions_daily limit 1")
        connection.execute("alter table marts.pnl_daily drop column total_pnl")

    with pytest.raises(ModelsFailed) as raised:
        execute(house.settings(), Work("remodel"))

    failed, told = str(raised.value).split("); what was asked has landed, readers see what they saw")
    assert failed.startswith("the models or their checks failed (")
    reasons = dict(reason.split(": ", 1) for reason in failed.partition("(")[2].split("; "))
    assert reasons["grain_positions_daily_as_of_date__account_id__position_id"] == "Got 1 result, configured to fail if != 0"
    assert "The source and target schemas on this incremental model are out of sync!" in reasons["pnl_daily"]
    assert told.endswith("dbt.log")
