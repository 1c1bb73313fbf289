"""Curvature of regions of the spine, from spinous markers: the angle between tangents in the pelvis's sagittal plane.

Skin over spinous processes follows bone to about 10 mm, and curves of markers agree with those of vertebrae in their
changes more than in their size (Zemp 2014): compare within a session.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.angles import line_lean, subtract
from mocap.kinematics.body import Body
from mocap.kinematics.clusters import MIN_SPREAD_M
from mocap.kinematics.observability import HIP_LINE, NotObservable, Outcome, attempt
from mocap.kinematics.spine_chords import chord_gradients, with_chords
from mocap.kinematics.traced import Scalar, combine

LUMBAR = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")
THORACIC = ("C7", *(f"T{level}" for level in range(1, 13)))
NAMES = ("lumbar_curvature", "lumbar_curvature_upper", "lumbar_curvature_lower", "thoracic_curvature")
CUBIC_FROM = 5


def curvature_outcomes(body: Body) -> dict[str, Outcome]:
    """Return the outcomes of the curvatures of the lumbar and thoracic spine."""
    outcomes = attempt(NAMES[:1], lambda: {NAMES[0]: _lumbar(body)})
    outcomes |= attempt(NAMES[1:3], lambda: _halves(body))
    return outcomes | attempt(NAMES[3:], lambda: {NAMES[3]: _thoracic(body)})


def _lumbar(body: Body) -> Outcome:
    names = _markers(body, LUMBAR, 4)
    return _outcome(body, names, "T12", "S1")


def _halves(body: Body) -> dict[str, Outcome]:
    names = _markers(body, LUMBAR, 4)
    if len(names) < CUBIC_FROM or "L3" not in names:
        raise NotObservable(
            f"needs L3 and {CUBIC_FROM} spinous markers from T12 to S1, to tell one half of the lumbar spine from the "
            "other"
        )
    return {NAMES[1]: _outcome(body, names, "T12", "L3"), NAMES[2]: _outcome(body, names, "L3", "S1")}


def _thoracic(body: Body) -> Outcome:
    names = _markers(body, THORACIC, 3)
    return _outcome(body, names, "C7", "T12")


def _markers(body: Body, levels: Sequence[str], fewest: int) -> list[str]:
    """Return the markers of a region that are there: both ends, and so many in all."""
    if body.setting.kind == "keypoints":
        raise NotObservable(f"{HIP_LINE}, and no keypoint marks the spine")
    names = [name for name in levels if name in body.points]
    if len(names) < fewest or levels[0] not in names or levels[-1] not in names:
        raise NotObservable(
            f"needs spinous markers at {levels[0]} and {levels[-1]} and {fewest - 2} or more between; there are: "
            f"{', '.join(names) or 'none'}"
        )
    return names


def _outcome(body: Body, names: list[str], top: str, bottom: str) -> Outcome:
    places = np.stack([body.points[name].value for name in names], axis=1)
    complete = np.isfinite(places).all(axis=(1, 2))
    if not complete.any():
        raise NotObservable(f"no frame shows {', '.join(names)} together")
    steps = _steps(places[complete])
    degree = 3 if len(names) >= CUBIC_FROM else 2
    ends = [names.index(top), names.index(bottom)]
    bend = _bend(body, names, steps, lambda places: tangent_weights(places, degree, places[ends]))
    curve = "cubic" if degree == 3 else "quadratic"
    return Outcome(bend, f"tangents at {top} and {bottom} of a {curve} through {', '.join(names)}")


def _steps(places: NDArray) -> NDArray:
    """Return where along the spine markers are, 0 to 1 from the upper end, from positions (time, marker, 3)."""
    chords = np.median(np.linalg.norm(np.diff(places, axis=1), axis=2), axis=0)
    along = np.concatenate([[0.0], np.cumsum(chords)])
    if not np.all(chords >= MIN_SPREAD_M):
        raise NotObservable(f"spinous markers in a row lie within {1000 * MIN_SPREAD_M:.0f} mm in most frames")
    return along / along[-1]


def tangent_weights(steps: NDArray, degree: int, where: NDArray) -> NDArray:
    """Return the weights of the markers in tangents of a least-squares polynomial, shape (tangent, marker).

    Parameters
    ----------
    steps : ndarray, shape (marker,)
        Place of each marker along the spine, growing downward.
    degree : int
        Of the polynomial.
    where : ndarray, shape (tangent,)
        Where to take tangents; they point upward.
    """
    coefficients = np.linalg.pinv(np.vander(steps, degree + 1, increasing=True))
    powers = np.arange(degree + 1)
    slopes = powers * np.asarray(where)[:, None] ** np.maximum(powers - 1, 0)
    return -(slopes @ coefficients)


def _bend(body: Body, names: list[str], steps: NDArray, weights_of: Callable[[NDArray], NDArray]) -> Scalar:
    vectors, pelvis = [body.points[name] for name in names], body.pelvis()
    tangents = [combine([float(w) for w in row], vectors) for row in weights_of(steps)]
    if body.setting.placement_pass:
        tangents = with_chords(tangents, vectors, steps, weights_of, chord_gradients(vectors))
    upper, lower = (line_lean(tangent, pelvis) for tangent in tangents)
    return subtract(upper, lower)
