"""One motion with every joint in play."""

import pytest

from mocap.synthetic import SyntheticTrial, default_subject, free_motion


@pytest.fixture(scope="session")
def free() -> SyntheticTrial:
    """Three seconds in which all curves move at once."""
    return free_motion(default_subject(1.82, seed=4), seconds=3.0, seed=11)
