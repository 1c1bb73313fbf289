"""A floor under feet: the lowest plane that contacts of heels and toes lie on, robustly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.world.fit import across, inflation

_LEAST_CONTACTS = 6
_LEAST_SPREAD_M = 0.1  # standard deviation of the contacts along the narrower direction
_NEAR_M = 0.03  # a contact of the first, rough plane
_TRIALS = 400
_LEAST_AREA_M2 = 0.02
_OUTLIER_SIGMAS = 3.5
_LEAST_SIGMA_M = 1e-5
_BEYOND = 0.05  # of all cases lie outside the limit


@dataclass(frozen=True, eq=False)
class FloorPlane:
    """A plane through contact points.

    Attributes
    ----------
    up : ndarray, shape (3,)
    point : ndarray, shape (3,)
        On the floor, amid the contacts.
    basis : ndarray, shape (3, 2)
        Two directions across.
    covariance : ndarray, shape (3, 3)
        Of the lean of `up` along them (rad²) and of the floor's height at `point` (m²).
    heights : ndarray, shape (contact,)
        Of all contacts above the plane of their kind, m.
    kept : ndarray of bool, shape (contact,)
        Contacts that the plane rests on.
    """

    up: NDArray
    point: NDArray
    basis: NDArray
    covariance: NDArray
    heights: NDArray
    kept: NDArray


def fit_floor(
    contacts: NDArray,
    kind: NDArray,
    cameras: NDArray,
    covariance: NDArray | None = None,
    heights_m: NDArray | None = None,
    seed: int = 0,
) -> FloorPlane:
    """Fit the lowest plane through points where feet may have touched the floor.

    A rough plane first: of random triples the one with most contacts within 3 cm and fewest below it, cameras above.
    Then parallel planes, one per kind (a heel's keypoint and a toe's touch the floor at different heights), by least
    squares over what lies within 3.5 robust standard deviations.

    Parameters
    ----------
    contacts : ndarray, shape (contact, 3)
    kind : ndarray of int, shape (contact,)
        Kind of each, counted from 0.
    cameras : ndarray, shape (camera, 3)
        Centres: they are above the floor.
    covariance : ndarray, shape (contact * 3, contact * 3), optional
        What pixels and cameras leave uncertain; the contacts' own scatter is found from the fit.
    heights_m : ndarray, shape (kind,), optional
        Height of each kind above the floor in contact; 0 without it.
    seed : int

    Raises
    ------
    CalibrationError
        FEET_TOO_FEW, FEET_TOO_NARROW or FEET_NO_FLOOR.
    """
    _check_contacts(contacts)
    up, kept = _rough_plane(contacts, kind, cameras, np.random.default_rng(seed))
    covariance = np.zeros((3 * len(contacts),) * 2) if covariance is None else covariance
    for _ in range(10):
        _check_contacts(contacts[kept])
        up, offsets, _, _ = _refined(up, contacts, kind, kept, covariance)
        heights = contacts @ up - offsets[kind]
        # The plane has bent itself to the few contacts that it rests on.
        left = max(1.0 - (2 + len(np.unique(kind[kept]))) / int(kept.sum()), 0.1)
        sigma = max(1.4826 * float(np.median(np.abs(heights[kept]))) / np.sqrt(left), _LEAST_SIGMA_M)
        fitting = np.abs(heights) < _OUTLIER_SIGMAS * sigma
        fitting &= np.isfinite(offsets[kind])
        if np.array_equal(fitting, kept):
            break
        kept = fitting
    _check_contacts(contacts[kept])
    up, offsets, basis, normal = _refined(up, contacts, kind, kept, covariance)
    levels = offsets - (0.0 if heights_m is None else heights_m)
    counts = np.bincount(kind[kept], minlength=len(offsets))
    level = float(np.nansum(counts * levels) / counts.sum())
    middle = contacts[kept].mean(axis=0)
    point = middle + (level - middle @ up) * up
    return FloorPlane(up, point, basis, normal, contacts @ up - offsets[kind], kept)


def _check_contacts(contacts: NDArray) -> None:
    if len(contacts) < _LEAST_CONTACTS:
        raise CalibrationError(
            f"{len(contacts)} contacts of feet with the floor; {_LEAST_CONTACTS} are needed.",
            "Let a person stand and walk through the whole volume, feet in view of two cameras.",
            code="FEET_TOO_FEW",
        )
    centred = contacts - contacts.mean(axis=0)
    narrow = float(np.sqrt(np.linalg.eigvalsh(centred.T @ centred / len(contacts))[1]))
    if narrow < _LEAST_SPREAD_M:
        raise CalibrationError(
            f"The contacts of the feet are as good as on one line (sd {1e2 * narrow:.0f} cm across it, "
            f"{1e2 * _LEAST_SPREAD_M:.0f} needed): the floor may tilt about it.",
            "Let the person walk both along and across the volume.",
            code="FEET_TOO_NARROW",
        )


def _rough_plane(
    contacts: NDArray, kind: NDArray, cameras: NDArray, rng: np.random.Generator
) -> tuple[NDArray, NDArray]:
    """Return a rough up, and which contacts lie on the planes across it, shape (contact,)."""
    best, answer = 0.0, None
    for one in np.unique(kind):
        own = contacts[kind == one]
        if len(own) < 3:
            continue
        a, b, c = own[rng.random((_TRIALS, len(own))).argsort(axis=1)[:, :3]].swapaxes(0, 1)
        up = np.cross(b - a, c - a)
        area = np.linalg.norm(up, axis=1, keepdims=True)
        up = up / np.maximum(area, 1e-12)
        above = up @ cameras.T - np.sum(up * a, axis=1, keepdims=True)
        up = up * np.where(above.mean(axis=1, keepdims=True) < 0, -1.0, 1.0)
        sound = (area[:, 0] > _LEAST_AREA_M2) & ((above > 0).all(axis=1) | (above < 0).all(axis=1))
        heights = up @ own.T - np.sum(up * a, axis=1, keepdims=True)
        # Nothing is below a floor: points there speak against it.
        score = (np.abs(heights) < _NEAR_M).sum(axis=1) - 2.0 * (heights < -_NEAR_M).sum(axis=1)
        score = np.where(sound, score, -np.inf)
        if score.max() > best:
            best, answer = float(score.max()), up[score.argmax()]
    if answer is None:
        raise CalibrationError(
            "No plane through the feet has the cameras above it and the feet on it.",
            "Check that the points are heels and toes on the floor, and that no footage is mirrored.",
            code="FEET_NO_FLOOR",
        )
    near = np.zeros(len(contacts), dtype=bool)
    for one in np.unique(kind):
        rows = np.flatnonzero(kind == one)
        heights = contacts[rows] @ answer
        crowd = (np.abs(heights[:, None] - heights) < _NEAR_M).sum(axis=1)
        near[rows] = np.abs(heights - heights[crowd.argmax()]) < _NEAR_M
    return answer, near


def _refined(
    up: NDArray, contacts: NDArray, kind: NDArray, kept: NDArray, covariance: NDArray
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return up, offset (kind,), the basis across it and the covariance (3, 3) of lean and height.

    Rows weigh by what pixels and cameras leave uncertain plus the scatter that this does not explain.
    """
    rows = np.flatnonzero(kept)
    kinds, place = np.unique(kind[rows], return_inverse=True)
    own = contacts[rows]
    select = (3 * rows[:, None] + np.arange(3)).ravel()
    known_points = covariance[np.ix_(select, select)].reshape(len(rows), 3, len(rows), 3)
    scatter = 0.0
    for _ in range(4):
        basis = across(up)
        known = np.einsum("i,aibj,j->ab", up, known_points, up)
        design = np.zeros((len(rows), 2 + len(kinds)))
        design[:, :2] = -(own - own.mean(axis=0)) @ basis
        design[np.arange(len(rows)), 2 + place] = 1.0
        weight = np.linalg.inv(known + np.eye(len(rows)) * max(scatter, _LEAST_SIGMA_M**2))
        normal = np.linalg.inv(design.T @ weight @ design)
        answer = normal @ design.T @ weight @ (own @ up)
        left = own @ up - design @ answer
        freedom = max(len(rows) - design.shape[1], 1)
        student = _student(freedom)
        # What pixels and cameras explain of the residuals, and how much of a scatter would show in them.
        keep = np.eye(len(rows)) - design @ normal @ design.T @ weight
        explained = float(np.trace(keep @ known @ keep.T))
        scatter = max(float(left @ left) - explained, 0.0) / float((keep**2).sum()) * student
        up = up + basis @ answer[:2]
        up /= np.linalg.norm(up)
    scale = inflation(float(left @ weight @ left), freedom)
    offsets = np.full(int(kind.max()) + 1, np.nan)
    offsets[kinds] = [float(np.mean(own[place == k] @ up)) for k in range(len(kinds))]
    share = np.bincount(place) / len(rows)
    reduce = np.zeros((3, design.shape[1]))
    reduce[0, 0] = reduce[1, 1] = 1.0
    reduce[2, 2:] = share
    return up, offsets, basis, reduce @ normal @ reduce.T * scale**2


def _student(freedom: int) -> float:
    """Factor on a variance that the fit found itself: few contacts know their own scatter poorly.

    With it the limit of 95 % that a Gaussian of two dimensions would have is that of Hotelling's T², which is
    freedom (0.05^(-2 / freedom) - 1) for two dimensions.
    """
    return float(freedom * (_BEYOND ** (-2 / freedom) - 1) / (-2 * np.log(_BEYOND)))
