"""What holds for all tests of whole sessions and commands."""

from collections.abc import Iterator

import pytest

from mocap.pipeline import calibration_part


@pytest.fixture(scope="module", autouse=True)
def few_calibrations_drawn() -> Iterator[None]:
    """Draw two calibrations instead of sixteen for the part of them in the angles of each trial.

    Sixteen times the whole kinematics of trial and static is most of the time of a session. How well the draws tell
    the part is held by `accuracy/test_calibration_part.py`; nothing of sessions and commands hangs on their number.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration_part, "_DRAWS", 2)
        yield
