"""What holds of every history, however the world misbehaves: histories that Hypothesis draws, built night by night.

Among it that building night by night gives, row for row, what one full refresh gives. Each drawn world has fifteen accounts,
and each of them is a history of its own. `bench/histories.py` draws hundreds.
"""

import random

import hypothesis
import pytest
from helpers.invariants import broken, unseen
from helpers.sql_warehouse import Dbt
from hypothesis import strategies as st


@hypothesis.settings(phases=[hypothesis.Phase.explicit])
@hypothesis.example(seed=3)  # a world that has had every event; any other should do as well
@hypothesis.given(seed=st.integers(min_value=1, max_value=10**6))
def test_the_invariants_hold_over_drawn_histories(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    nightly, whole = folder / "nightly" / "warehouse.duckdb", folder / "whole" / "warehouse.duckdb"

    assert broken(dbt, random.Random(seed), nightly, whole) == {}

    assert unseen(nightly) == []
