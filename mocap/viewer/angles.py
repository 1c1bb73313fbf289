"""What the curve shows, as plain arrays and words: one angle in degrees with its band. Needs no display."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.trial import JointAngles

_SPARSE = 64


@dataclass(frozen=True, eq=False)
class Curve:
    """One angle ready for plotting.

    Attributes
    ----------
    name : str
    time_s, value_deg, sd_deg : ndarray, shape (time,)
        Degrees; NaN is missing or unknown.
    positive : str
        Which direction is +, in words.
    reason : str
        Why there is no curve; empty for an angle that is shown.
    meaning : str
        What the angle is: definition, sequence, what reads 0, reference and method, a line each.
    zero, reference : str
        What reads 0, and against what it is measured.
    """

    name: str
    time_s: NDArray
    value_deg: NDArray
    sd_deg: NDArray
    positive: str
    reason: str = ""
    meaning: str = ""
    zero: str = ""
    reference: str = ""

    @property
    def band_deg(self) -> tuple[NDArray, NDArray]:
        """Value minus and plus one standard deviation, each (time,); NaN where either is unknown."""
        return self.value_deg - self.sd_deg, self.value_deg + self.sd_deg


def curve_of(angles: JointAngles, name: str) -> Curve:
    """Return the named angle for plotting.

    Raises
    ------
    ShapeError
        When there is no such angle.
    """
    definition = angles.definition(name)
    words = (("", definition.definition), ("sequence: ", definition.sequence), ("0: ", definition.zero),
             ("reference: ", definition.reference), ("method: ", definition.method))  # fmt: skip
    meaning = "\n".join(f"{label}{said}" for label, said in words if said)
    reason = why_no_curve(angles, name)
    return Curve(
        name, angles.time_s, angles.deg(name), angles.sd_deg(name), definition.positive, reason, meaning,
        definition.zero, definition.reference,
    )  # fmt: skip


def why_no_curve(angles: JointAngles, name: str) -> str:
    """Return why there is no curve of the named angle; empty where there is one."""
    definition, values = angles.definition(name), angles[name]
    if not definition.observable:
        return f"not observable: {definition.reason or 'no reason is stored'}"
    # Mostly some of few samples tells it: a list of all angles of an hour is made at once.
    if np.isfinite(values[::_SPARSE]).any() or np.isfinite(values).any():
        return ""
    return f"no values: {definition.reason or 'every sample is missing'}"


def readout(curve: Curve, frame: int) -> str:
    """Return the value at a frame in words, degrees with one standard deviation: `12.3° ± 0.4°`."""
    if curve.reason:
        return curve.reason
    value, sd = curve.value_deg[frame], curve.sd_deg[frame]
    if not np.isfinite(value):
        return "missing here"
    return f"{value:.1f}° ± {sd:.1f}° (1 SD)" if np.isfinite(sd) else f"{value:.1f}° (± unknown)"


def finite_runs(*series: NDArray) -> list[tuple[int, int]]:
    """Return [start, stop) of every stretch in which all the series, each (time,), are finite."""
    finite = np.isfinite(np.stack(series)).all(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
