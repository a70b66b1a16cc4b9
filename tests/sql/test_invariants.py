"""What holds of every history, however the world misbehaves: histories drawn from a seed, built night by night.

Among it that building night by night gives, row for row, what one full refresh gives. Each drawn world has fifteen accounts,
and each of them is a history of its own. `bench/histories.py` draws hundreds.
"""

import random
from pathlib import Path

import pytest
from helpers.invariants import broken, unseen
from helpers.sql_warehouse import Dbt


@pytest.mark.parametrize("seed", [3])  # of a world that has had every event; any other should do as well
def test_the_invariants_hold_over_drawn_histories(dbt: Dbt, tmp_path: Path, seed: int) -> None:
    nightly, whole = tmp_path / "nightly" / "warehouse.duckdb", tmp_path / "whole" / "warehouse.duckdb"

    assert broken(dbt, random.Random(seed), nightly, whole) == {}

    assert unseen(nightly) == []
