"""The display and the trial of the viewer's tests, for measurements of the viewer."""

from tests.viewer.conftest import display, squat_trial, trial_of_length  # noqa: F401
