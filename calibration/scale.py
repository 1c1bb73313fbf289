"""How large the rig is: board, wand, tape and survey together, each weighed by what it is worth.

A factor is what every length of the rig has to be multiplied by to agree with a source. The board that a rig was
calibrated with says 1, within what its printing is worth; a second length shows whether that holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration.boards.targets import Target
from calibration.camera import Camera, CameraRig
from calibration.errors import CalibrationError, ShapeError
from calibration.rigid import rigid
from calibration.solve.bundle_system import N_CAMERA
from calibration.world.estimates import estimate_points
from calibration.world.fit import inflation

#: Relative sd of the square length of a board that was printed, not measured.
PRINTED_SD = 0.003
_DISAGREES_SIGMAS = 2.5
_NOTABLE = 0.005  # a difference that is told although the sources cannot vouch for it


@dataclass(frozen=True)
class ScaleEstimate:
    """What one source says of the size of a rig.

    Attributes
    ----------
    source : str
        In words: "board's square length 0.0400 m".
    factor : float
        What the lengths of the rig have to be multiplied by.
    sd : float
        Of the factor; independent of the other sources.
    """

    source: str
    factor: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.factor) and self.factor > 0 and np.isfinite(self.sd) and self.sd > 0):
            raise ShapeError(
                f"The scale of {self.source} is {self.factor} +- {self.sd}.",
                "Give a factor and a standard deviation above 0.",
            )


@dataclass(frozen=True)
class ScaleResult:
    """What all sources say together.

    Attributes
    ----------
    factor, sd : float
        Weighted by 1 / sd²; the sd grows by Birge's ratio where the sources contradict each other.
    chi2 : float
        Of the sources about the factor; `len(sources) - 1` is expected.
    residuals : mapping of str to float
        Factor of each source minus the common one.
    findings : tuple of str
        Each pair of sources that disagrees (SCALE_DISAGREES), the largest difference first.
    notes : tuple of str
        What else a reader has to know: a single source, differences that prove nothing.
    """

    factor: float
    sd: float
    chi2: float
    residuals: Mapping[str, float]
    findings: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether no two sources contradict each other."""
        return not self.findings

    def describe(self) -> str:
        """Return one line."""
        head = f"scale {self.factor:.4f} +- {self.sd:.4f} from {', '.join(self.residuals)}"
        return "; ".join([head, *self.findings, *self.notes])


def combine_scale(estimates: Sequence[ScaleEstimate]) -> ScaleResult:
    """Weigh all sources of scale together and name those that disagree.

    Two sources disagree when they differ by more than 2.5 times the sd of their difference.

    Parameters
    ----------
    estimates : sequence of ScaleEstimate
        Independent; each source named once.
    """
    names = [estimate.source for estimate in estimates]
    if not estimates or len(set(names)) < len(names):
        raise ShapeError(f"The sources of scale {names} are none or doubled.", "Give each source of scale once.")
    factors = np.array([estimate.factor for estimate in estimates])
    sd = np.array([estimate.sd for estimate in estimates])
    weight = 1.0 / sd**2
    factor = float(weight @ factors / weight.sum())
    chi2 = float(weight @ (factors - factor) ** 2)
    total_sd = float(np.sqrt(1.0 / weight.sum())) * inflation(chi2, len(factors) - 1)
    findings, notes = _compared(estimates)
    if len(estimates) == 1:
        notes = (f"scale rests on {estimates[0].source} alone",)
    residuals = dict(zip(names, (factors - factor).tolist(), strict=True))
    return ScaleResult(factor, total_sd, chi2, residuals, findings, notes)


def _compared(estimates: Sequence[ScaleEstimate]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    findings, notes = [], []
    for one, other in combinations(estimates, 2):
        off = one.factor / other.factor - 1.0
        sd = float(np.hypot(one.sd, other.sd))
        text = f"scale off by {100 * abs(off):.1f} % +- {100 * sd:.1f} %: {one.source} vs {other.source}"
        if abs(off) > _DISAGREES_SIGMAS * sd:
            findings.append((-abs(off), text))
        elif abs(off) >= _NOTABLE:
            notes.append((-abs(off), f"{text}, which they are too uncertain to prove"))
    return tuple(text for _, text in sorted(findings)), tuple(text for _, text in sorted(notes))


def check_scale(result: ScaleResult) -> None:
    """Refuse a scale on which the sources disagree.

    Raises
    ------
    CalibrationError
        SCALE_DISAGREES, naming the sources and the difference.
    """
    if result.findings:
        raise CalibrationError(
            f"{'; '.join(result.findings)}.".capitalize(),
            "Measure the board's squares (ten in a row, with a ruler) and the other length again; all in metres.",
            code="SCALE_DISAGREES",
        )


def board_scale(board: Target, relative_sd: float = PRINTED_SD) -> ScaleEstimate:
    """Return what the board says of a rig calibrated with it: 1, within its printing or its measurement."""
    if not hasattr(board, "square_length"):  # an object of tags
        return ScaleEstimate(f"the corners of the {board.describe()}", 1.0, relative_sd)
    return ScaleEstimate(f"board's square length {board.square_length:.4f} m", 1.0, relative_sd)


def board_scales(boards: Sequence[Target], relative_sd: float = PRINTED_SD) -> list[ScaleEstimate]:
    """Return what each of several boards says; those that are described alike are told apart by their number."""
    every = [board_scale(board, relative_sd) for board in boards]
    names = [one.source for one in every]
    return [
        replace(one, source=f"{one.source} (board {index + 1})") if names.count(one.source) > 1 else one
        for index, one in enumerate(every)
    ]


def length_scale(
    source: str, true_m: float, true_sd_m: float, measured_m: float, measured_sd_m: float
) -> ScaleEstimate:
    """Return what one known length says: how it is, and how the rig measures it."""
    relative = np.hypot(true_sd_m / true_m, measured_sd_m / measured_m)
    return ScaleEstimate(source, true_m / measured_m, float(true_m / measured_m * relative))


def wand_scale(
    rig: CameraRig,
    pixels: NDArray,
    length_m: float,
    length_sd_m: float,
    sigma_px: float,
    camera_covariance: NDArray | None = None,
) -> ScaleEstimate:
    """Measure a wand of two markers in many frames.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, frame, 2, 2)
        Of both markers; NaN where not seen.
    length_m, length_sd_m : float
        Between the markers.
    sigma_px : float
        Noise of one coordinate.
    camera_covariance : ndarray, shape (n, n) or (camera, 18, camera, 18), optional
        What the cameras leave uncertain is common to all frames; cameras count as known without it.

    Raises
    ------
    CalibrationError
        WAND_NOT_SEEN when no frame shows both markers to two cameras.
    """
    n_frames = pixels.shape[1]
    found = estimate_points(rig, pixels.reshape(len(rig), 2 * n_frames, 2), sigma_px)
    whole = np.flatnonzero(np.isfinite(found.points).all(axis=1).reshape(n_frames, 2).all(axis=1))
    if not len(whole):
        raise CalibrationError(
            "No frame shows both markers of the wand to two cameras.",
            "Move the wand through the middle of the volume.",
            code="WAND_NOT_SEEN",
        )
    one, other = 2 * whole, 2 * whole + 1
    between = found.points[one] - found.points[other]
    lengths = np.linalg.norm(between, axis=1)
    along = between / lengths[:, None]
    variance = np.einsum("fi,fij,fj->f", along, found.alone[one] + found.alone[other], along)
    # Noise across the wand makes it longer on average.
    across = np.einsum("fii->f", found.alone[one] + found.alone[other]) - variance
    lengths = lengths - across / (2 * lengths)
    weight = 1.0 / variance / (1.0 / variance).sum()
    mean = float(weight @ lengths)
    grow = inflation(float(((lengths - mean) ** 2 / variance).sum()), len(whole) - 1)
    common = 0.0
    if camera_covariance is not None:
        slope = np.einsum("f,fi,fin->n", weight, along, found.by_camera[one] - found.by_camera[other])
        common = float(slope @ camera_covariance.reshape(len(slope), -1) @ slope)
    sd = float(np.sqrt(grow**2 / (1.0 / variance).sum() + common))
    source = f"wand of {length_m:.4f} m measured as {mean:.4f} m in {len(whole)} frames"
    return length_scale(source, length_m, length_sd_m, mean, sd)


def tape_scale(
    rig: CameraRig,
    distances_m: Mapping[tuple[str, str], tuple[float, float]],
    camera_covariance: NDArray | None = None,
) -> ScaleEstimate:
    """Hold distances between cameras, taken with a tape, against the rig.

    Parameters
    ----------
    rig : CameraRig
    distances_m : mapping of (str, str) to (float, float)
        Distance between the projection centres of two cameras and its sd, m. A centre lies somewhere inside the
        lens, so a tape held to the fronts is good for 10 to 20 mm at best: the sd has to say so.
    camera_covariance : ndarray, shape (n, n) or (camera, 18, camera, 18), optional

    Raises
    ------
    ShapeError
        When there is no distance, or one of a camera that is not in the rig.
    """
    pairs = list(distances_m)
    strange = [name for pair in pairs for name in pair if name not in rig.names]
    if not pairs or strange or any(one == other for one, other in pairs):
        raise ShapeError(
            f"The tape's distances {pairs} are none or name cameras {strange} that are not in the rig.",
            f"Give distances between two of {list(rig.names)}.",
        )
    true, true_sd = np.array([distances_m[pair] for pair in pairs], float).T
    measured, follow = _baselines(rig, pairs)
    covariance = np.diag(true_sd**2)
    if camera_covariance is not None:
        covariance = covariance + follow @ camera_covariance.reshape(follow.shape[1], -1) @ follow.T
    weight = np.linalg.inv(covariance)
    variance = 1.0 / float(measured @ weight @ measured)
    factor = variance * float(measured @ weight @ true)
    left = true - factor * measured
    grow = inflation(float(left @ weight @ left), len(pairs) - 1)
    each = ", ".join(f"{a}-{b} {t:.3f} m" for (a, b), t in zip(pairs, true, strict=True))
    return ScaleEstimate(f"tape {each}", factor, float(np.sqrt(variance)) * grow)


def _baselines(rig: CameraRig, pairs: Sequence[tuple[str, str]]) -> tuple[NDArray, NDArray]:
    """Distances (pair,) between camera centres, and how they follow the camera parameters (pair, camera * 18)."""
    lengths = np.zeros(len(pairs))
    follow = np.zeros((len(pairs), len(rig), N_CAMERA))
    for row, names in enumerate(pairs):
        one, other = (rig.names.index(name) for name in names)
        between = rig.cameras[one].centre_world - rig.cameras[other].centre_world
        lengths[row] = np.linalg.norm(between)
        along = between / lengths[row]
        # A shift t of the world in the camera's frame moves its centre by -R' t; a turn about itself does not.
        follow[row, one, 15:] = -rig.cameras[one].cam_from_world[:3, :3] @ along
        follow[row, other, 15:] = rig.cameras[other].cam_from_world[:3, :3] @ along
    return lengths, follow.reshape(len(pairs), -1)


def scaled_rig(rig: CameraRig, factor: float) -> CameraRig:
    """Return a rig of which every length is multiplied by `factor`; metadata tell of it."""
    if not (np.isfinite(factor) and factor > 0):
        raise ShapeError(f"A rig cannot be scaled by {factor}.", "Give a factor above 0.")
    cameras = tuple(
        Camera(c.name, c.size, c.matrix, c.distortion,
               rigid(c.cam_from_world[:3, :3], factor * c.cam_from_world[:3, 3]), c.fisheye)
        for c in rig
    )  # fmt: skip
    before = rig.metadata.get("scale_factor", 1.0)
    covariance = None
    if rig.covariance is not None:
        units = np.ones(rig.covariance.shape[1])
        units[15:] = factor  # the translations are lengths
        covariance = rig.covariance * units[:, None, None] * units
    return CameraRig(cameras, {**rig.metadata, "scale_factor": float(before) * factor}, covariance)
