"""What holds of every history, however the world misbehaves: histories that Hypothesis draws, built night by night.

Each drawn world has fifteen accounts, and each of them is a history of its own. `bench/histories.py` draws hundreds.
"""

import random

import hypothesis
import pytest
from helpers.invariants import broken
from helpers.sql_warehouse import Dbt
from hypothesis import strategies as st


@hypothesis.settings(max_examples=1, phases=[hypothesis.Phase.generate], derandomize=True)
@hypothesis.given(seed=st.integers(min_value=1, max_value=10**6))
def test_the_invariants_hold_over_drawn_histories(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    assert broken(dbt, random.Random(seed), tmp_path_factory.mktemp("drawn")) == {}
