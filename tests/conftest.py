"""What every test may lean on: no setting of the machine's leaks in, and hypothesis judges by truth, not by speed."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_machine() -> Iterator[None]:
    """Take every BLUUM_ variable out of the environment: a developer's own credentials are nobody's test data."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith("BLUUM_")]:
            patch.delenv(name)
        yield
