"""The world of known points: an L-frame on the floor, or three and more surveyed points."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.world.estimates import PointEstimates
from calibration.world.fit import RigidFit, fit_rms, rigid_fit, spread_m
from calibration.world.frame import WorldFrame
from calibration.world.landmarks import Landmarks

_MAX_RMS_M = {"l_frame": 0.005, "surveyed_points": 0.02}
_WHAT = {"l_frame": "L-frame", "surveyed_points": "survey"}
_LEAST_SPREAD_M = 0.02
_BETTER = 1 / 3  # another order or a mirror image fits better when its residual is below this share
_UNITS = {"millimetres": 1000.0, "centimetres": 100.0, "inches": 39.37, "feet": 3.281}
_UNIT_NEAR = 0.1
_LEAST_RMS_M = 0.002  # below this no other order is looked for


def known_points_frame(
    source: str,
    text: str,
    landmarks: Landmarks,
    estimates: PointEstimates,
    camera_covariance: NDArray | None = None,
) -> tuple[WorldFrame, RigidFit]:
    """Return the world in which landmarks have their known coordinates, and the fit.

    Parameters
    ----------
    source : str
        'l_frame' (three or four markers, residual up to 5 mm) or 'surveyed_points' (up to 20 mm).
    text : str
        What was chosen.
    landmarks : Landmarks
    estimates : PointEstimates
        Of the landmarks.
    camera_covariance : ndarray, shape (n, n), optional
        Cameras count as known without it.

    Raises
    ------
    CalibrationError
        LANDMARKS_TOO_FEW, LANDMARKS_ON_A_LINE, or when the residual is too large: WORLD_REFLECTED when the mirror
        image fits, LANDMARKS_SWAPPED (naming them) when another order does, WORLD_SCALE when another size does,
        else WORLD_RESIDUAL.
    """
    rows = np.flatnonzero(np.isfinite(landmarks.known_world).all(axis=1))
    names = [landmarks.names[row] for row in rows]
    points, known = estimates.points[rows], landmarks.known_world[rows]
    _check_shape(source, known, names)
    own = np.repeat(landmarks.known_sd_m[rows] ** 2, 3)
    fit = rigid_fit(points, known, estimates.covariance(camera_covariance, rows) + np.diag(own))
    _check_fit(source, points, known, names, fit)
    level_deg = landmarks.level_sd_deg or 0.0
    each = ", ".join(f"{n} {1e3 * np.linalg.norm(r):.1f} mm" for n, r in zip(names, fit.residuals_world, strict=True))
    notes = f"{_WHAT[source]} of {len(rows)} points, residual of each: {each}; {scale_text(fit)}; presumed level"
    if landmarks.level_sd_deg is not None:
        notes += f" within {level_deg:g} deg"
    frame = WorldFrame(
        source, text, fit.root_from_world, fit.covariance[:2, :2] + np.eye(2) * np.deg2rad(level_deg) ** 2 / 2,
        float(1e3 * np.sqrt(np.trace(fit.covariance[3:, 3:]))), fit.rms_mm, "mm",
        "RMS distance of the measured points from their known places", notes,
    )  # fmt: skip
    return frame, fit


def scale_text(fit: RigidFit) -> str:
    """Return what a fit says of the rig's size: `factor` is what the rig would have to be multiplied by."""
    off, sd = 100 * (1.0 / fit.scale - 1.0), 100 * fit.scale_sd
    if abs(off) > 2.0 * sd:
        return f"scale off by {off:+.2f} % +- {sd:.2f} % against the known points"
    return f"scale agrees with the known points within {max(2 * sd, abs(off)):.2f} %"


def _check_shape(source: str, known: NDArray, names: list[str]) -> None:
    if len(known) < 3:
        raise CalibrationError(
            f"{len(known)} landmarks have known coordinates ({', '.join(names) or 'none'}); three are needed.",
            "Give `world = [x, y, z]` in metres to three landmarks or more.",
            code="LANDMARKS_TOO_FEW",
        )
    across = spread_m(known)[1]
    if across < _LEAST_SPREAD_M:
        raise CalibrationError(
            f"The landmarks {', '.join(names)} are as good as on one line ({1e3 * across:.0f} mm across).",
            f"Place one at least {5e3 * _LEAST_SPREAD_M:.0f} mm beside the line of the others.",
            code="LANDMARKS_ON_A_LINE",
        )


def _check_fit(source: str, points: NDArray, known: NDArray, names: list[str], fit: RigidFit) -> None:
    rms = fit_rms(points, known)
    if rms < _LEAST_RMS_M:
        return
    limit = _MAX_RMS_M[source]
    found = f"The {_WHAT[source]} does not fit: {1e3 * rms:.1f} mm RMS"
    mirrored = fit_rms(points, known * [1.0, 1.0, -1.0])
    if spread_m(known)[2] > _LEAST_SPREAD_M and mirrored < _BETTER * rms:
        raise CalibrationError(
            f"{found}, its mirror image fits to {1e3 * mirrored:.1f} mm.",
            "Give right-handed coordinates: with Z up and X to the right, Y points away from you.",
            code="WORLD_REFLECTED",
        )
    order, best = min(
        ((order, fit_rms(points[list(order)], known)) for order in _orders(len(points))), key=lambda pair: pair[1]
    )
    if best < _BETTER * rms and best < limit:
        swapped = ", ".join(f"'{names[i]}' is '{names[j]}'" for j, i in enumerate(order) if i != j)
        raise CalibrationError(
            f"{found} as named, but {1e3 * best:.1f} mm in another order: what is named {swapped}.",
            "Correct the names of these landmarks; the lengths of the arms tell them apart.",
            code="LANDMARKS_SWAPPED",
        )
    if rms < limit:
        return
    resized = float(np.linalg.norm(spread_m(points)) / np.linalg.norm(spread_m(known)))
    if fit_rms(points / resized, known) < _BETTER * rms:
        raise CalibrationError(
            f"{found}; the rig measures it {100 * (resized - 1):+.1f} % of its size.",
            "Check the board's square length and the known coordinates: both in metres, one of them is wrong."
            + _unit_text(1.0 / resized),
            code="WORLD_SCALE",
        )
    worst = int(np.argmax((fit.residuals_world**2).sum(axis=1)))
    raise CalibrationError(
        f"{found} (limit {1e3 * limit:.0f}); the worst is '{names[worst]}'.",
        "Check the known coordinates and the pixels of the landmarks.",
        code="WORLD_RESIDUAL",
    )


def _unit_text(times: float) -> str:
    """Say which unit known coordinates look like that are so many times too large."""
    likely = [name for name, factor in _UNITS.items() if abs(times / factor - 1.0) < _UNIT_NEAR]
    return f" The known coordinates look like {likely[0]}." if likely else ""


def _orders(n: int) -> Iterator[tuple[int, ...]]:
    """Every order of up to four points, every exchange of two of more."""
    if n <= 4:
        yield from permutations(range(n))
        return
    for one, other in combinations(range(n), 2):
        order = list(range(n))
        order[one], order[other] = other, one
        yield tuple(order)
