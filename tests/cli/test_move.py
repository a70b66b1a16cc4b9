"""A move that does not come to its end: what is said leads to no place that lacks a night."""

import io
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.faulty import running
from helpers.house import House
from rich.console import Console

from cli.running import run_move
from pipelines.destination.move import NotMoved, move
from pipelines.destination.warehouse import Warehouse
from pipelines.errors import Interrupted
from sandbox.server import Options


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A night of one account, in a file."""
    with running(Options(accounts=1, rate_limit=0)) as sandbox:
        house = House(sandbox, tmp_path / "data")
        house.sync()
        yield house


def test_whoever_moves_again_is_sent_to_the_other_place_only_if_it_has_every_load(house: House, tmp_path: Path) -> None:
    source, target = Warehouse(house.warehouse), Warehouse(tmp_path / "target.duckdb")
    move(source, target)
    with pytest.raises(NotMoved, match="is there, so change the setting and go on there"):
        move(source, target)

    house.next_night()
    house.sync()

    new = len(source.committed_loads()) - len(target.committed_loads())
    with pytest.raises(NotMoved, match=f"{new} of the .* are not there, so move away first what is") as raised:
        move(source, target)
    assert "go on there" not in str(raised.value)


def test_a_signal_after_the_copy_says_which_setting_comes_before_the_next_night(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    monkeypatch.setattr("assets.models._home", lambda settings: signal.raise_signal(signal.SIGTERM))
    settings = house.settings()
    target = settings.model_copy(update={"data_dir": tmp_path / "target"})

    with pytest.raises(Interrupted, match="`bluum sync` goes on from here; but first unset BLUUM_WAREHOUSE"):
        run_move(settings, target, Console(file=said, width=400))

    assert f"The warehouse is now in {target.warehouse_file}; unset BLUUM_WAREHOUSE" in said.getvalue()
    assert Warehouse.of(target).committed_loads() == Warehouse.of(settings).committed_loads()
