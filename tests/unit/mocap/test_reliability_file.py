"""`reliability.toml`: what is read, how the number of repetitions counts, and the default that is not from the lab."""

from pathlib import Path

import numpy as np
import pytest

from mocap.config.reliability import MetricReliability, read_reliability
from mocap.errors import ConfigError

OWN = """format = "mocap-reliability"
format_version = 1
name = "lab 2"
from_lab = true
[method]
model = "segments"
[metric.wink_magnitude]
unit = "deg"
mdc95 = 3.2
sem_measurement = 1.0
sd_repetition = 2.0
n_people = 12
n_measurements = 4
"""


def written(folder: Path, text: str = OWN) -> Path:
    path = folder / "reliability.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_is_named_as_not_from_this_lab() -> None:
    default = read_reliability()
    assert not default.from_lab
    value, words = default.mdc95("wink_magnitude", "deg")
    assert value == 5.0 and words.startswith("default, not from this lab")
    assert default.mdc95("hip_flexion", "deg")[0] == 13.9
    assert default.mdc95("distance_r", "cm")[0] == 1.9 and np.isnan(default.mdc95("hip_flexion_sd", "deg")[0])
    value, words = default.mdc95("speed", "m/s")
    assert np.isnan(value) and "nothing is known of speed in m/s" in words


def test_the_labs_own_figures_are_named_with_their_people(tmp_path: Path) -> None:
    own = read_reliability(written(tmp_path))
    assert own.mdc95("wink_magnitude", "deg") == (
        3.2, "this lab's own reliability 'lab 2' (12 people, 4 measurements each)"
    )  # fmt: skip
    # Of another unit, or not among them: nothing, and never the default's.
    assert np.isnan(own.mdc95("wink_magnitude", "mm")[0]) and np.isnan(own.mdc95("hip_flexion", "deg")[0])
    assert own.misfits({"model": "skeleton", "filter": "x"}) == (
        "model was segments for the reliability and is skeleton here",
    )


def test_only_the_part_of_the_repetitions_falls_with_their_number() -> None:
    one = MetricReliability("deg", 3.2, sem_measurement=1.0, sd_repetition=2.0)
    assert one.mdc95_between(4, 4) == pytest.approx(1.959964 * np.sqrt(2 * (1 + 4 / 4)), rel=1e-6)
    assert one.mdc95_between(1, 4) == pytest.approx(1.959964 * np.sqrt(1 + 4 + 1 + 1), rel=1e-6)
    assert one.mdc95_between(10**9, 10**9) == pytest.approx(1.959964 * np.sqrt(2), rel=1e-6)
    assert one.mdc95_between(0, 4) == 3.2
    assert MetricReliability("deg", 3.2).mdc95_between(4, 4) == 3.2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("mdc95 = 3.2", "mdc95 = -1.0", "mdc95 = -1"),
        ("mdc95 = 3.2", "mdc = 3.2", "mdc95"),
        ('"mocap-reliability"', '"other"', "not 'mocap-reliability'"),
        ("mdc95 = 3.2", 'mdc95 = "3.2"', "expected a number"),
    ],
)
def test_a_file_that_is_none_is_refused(old: str, new: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        read_reliability(written(tmp_path, OWN.replace(old, new)))
