"""Views that cannot be what they are named: exchanged, given twice, mirrored, turned, or of some other recording.

On failure every such mistake is tried backwards, and the one that brings the cameras into agreement is named with the
figures: `exchanging cam_1 and cam_3 lowers the disagreement of the cameras from 240 to 2 px`.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import counted
from calibration.errors import CalibrationError
from calibration.in_use.agreement import Evidence, pair_table
from calibration.in_use.footage_faults import FootageFault, footage_fault, suspicious
from mocap.keypoints.sides_names import side_partner
from mocap.trial import Keypoints2D

_POINTS = 600
_SAME_SHARE = 0.9
_LEAST_SAME = 12
_DOUBLED_FRAMES = 200
_STRANGE_SHARE = 0.02  # of the longer side: more than a camera that was knocked
_STRANGE_RATIO = 5.0
_CLEARLY = 0.75


@dataclass(frozen=True)
class WrongViews:
    """What is wrong with which views.

    Attributes
    ----------
    code : str
        CAMERAS_SWAPPED, CAMERA_ROTATED, CAMERA_MIRRORED, IMAGE_SIZE, IMAGE_CROPPED, FOOTAGE_DOUBLED or FOOTAGE_FOREIGN.
    cameras : tuple of str
    before_px, after_px : float
        How far the cameras disagree as they are, and with the mistake undone, or without these views; NaN unknown.
    cause, remedy : str
        In words.
    """

    code: str
    cameras: tuple[str, ...]
    before_px: float
    after_px: float
    cause: str
    remedy: str


def find_wrong_views(keypoints: Keypoints2D, rig: CameraRig, *, min_confidence: float = 0.2) -> WrongViews | None:
    """Say which views are not those of their cameras, and what brings them into agreement.

    Parameters
    ----------
    keypoints : Keypoints2D
        Of one person, cameras in the order of the rig.
    rig : CameraRig
    min_confidence : float
        Keypoints below are not compared.

    Returns
    -------
    WrongViews or None
        None where the cameras agree, where nothing explains that they do not, and where they share too little.
    """
    confident = keypoints.confidence >= max(min_confidence, 1e-9)
    pixels = np.where(confident[..., None], keypoints.pixels, np.nan)
    doubled = _doubled(pixels, rig)
    if doubled is not None:
        return doubled
    sample = pixels[:, _frames(pixels)]
    # A detector calls the left hand of a mirrored image the right one; markers keep their names.
    detected = Evidence(rig, sample, np.array(side_partner(keypoints.names)))
    try:
        if not suspicious(detected):
            return None
        fault = footage_fault(detected)
        named = detected.without_partner()
        faults = [found for found in (fault, footage_fault(named)) if found is not None]
        foreign = _foreign(named)
    except CalibrationError:
        return None
    if faults:
        best = min(faults, key=lambda fault: fault.after_px)
        if foreign is None or best.after_px < max(_CLEARLY * best.before_px, foreign.after_px):
            return _named(best)
    return foreign


def _frames(pixels: NDArray) -> NDArray:
    """Frames, evenly over those that two cameras share, that hold about so many points."""
    shared = np.isfinite(pixels[..., 0]).sum(axis=0, dtype=np.int16) >= 2
    frames = np.flatnonzero(shared.any(axis=1))
    if not len(frames):
        return np.arange(min(1, pixels.shape[1]))
    wanted = max(int(np.ceil(_POINTS / max(shared[frames].sum(axis=1).mean(), 1.0))), 8)
    return frames[_evenly(len(frames), wanted)]


def _evenly(n: int, wanted: int) -> NDArray:
    return np.unique(np.linspace(0, n - 1, min(wanted, n)).round().astype(int))


def _doubled(pixels: NDArray, rig: CameraRig) -> WrongViews | None:
    """Two views that show the same to the last digit were read from one file: some frames tell."""
    seen = np.isfinite(pixels[..., 0]).any(axis=2)
    for a, b in combinations(range(len(pixels)), 2):
        frames = np.flatnonzero(seen[a] & seen[b])
        if len(frames) and _alike(pixels, a, b, frames[_evenly(len(frames), _DOUBLED_FRAMES)]) is not None:
            same = _alike(pixels, a, b, frames)
            if same is None:
                continue
            names = (rig.names[a], rig.names[b])
            return WrongViews(
                "FOOTAGE_DOUBLED", names, float("nan"), float("nan"),
                f"Cameras '{names[0]}' and '{names[1]}' show the same keypoints, to the last digit, in "
                f"{counted(same, 'frame')}: one file was given for two cameras.",
                "Give each camera the file that it took.",
            )  # fmt: skip
    return None


def _alike(pixels: NDArray, a: int, b: int, frames: NDArray) -> int | None:
    """In how many of the frames two views show the same; None where they do not."""
    one, other = pixels[a, frames], pixels[b, frames]
    both = np.isfinite(one).all(axis=-1) & np.isfinite(other).all(axis=-1)
    same = both & (one == other).all(axis=-1)
    doubled = both.sum() >= _LEAST_SAME and same.sum() >= _SAME_SHARE * both.sum()
    return int(same.any(axis=1).sum()) if doubled else None


def _foreign(evidence: Evidence) -> WrongViews | None:
    """The one view that agrees with no other, where the others agree."""
    table = pair_table(evidence, evidence.as_named())
    names, longest = evidence.rig.names, max(max(camera.size) for camera in evidence.rig)
    known = np.isfinite(table)
    if len(table) < 3 or not known.any(axis=1).all():
        return None
    least = np.where(known, table, np.inf).min(axis=1)
    worst = int(np.argmax(least))
    rest = np.delete(np.delete(table, worst, axis=0), worst, axis=1)
    rest = rest[np.isfinite(rest)]
    if not len(rest) or least[worst] < max(_STRANGE_SHARE * longest, _STRANGE_RATIO * float(np.median(rest))):
        return None
    after = float(np.sqrt(np.mean(rest**2)))
    before = evidence.score(evidence.as_named())
    return WrongViews(
        "FOOTAGE_FOREIGN", (names[worst],), before, after,
        f"Camera '{names[worst]}' agrees with no other, by {least[worst]:.0f} px or more; without it the cameras agree "
        f"to {after:.1f} px instead of {before:.1f} px.",
        "Give the file of this camera and this recording, check its synchronisation, or leave the camera out.",
    )  # fmt: skip


def _named(fault: FootageFault) -> WrongViews:
    who = " and ".join((", ".join(fault.cameras[:-1]), fault.cameras[-1]) if len(fault.cameras) > 1 else fault.cameras)
    if fault.code == "CAMERAS_SWAPPED":
        pairs = ", ".join(f"{a} as {b}" for a, b in zip(fault.cameras, fault.belongs_to, strict=True))
        deed = f"exchanging {who}" if len(fault.cameras) == 2 else f"taking the footage of {pairs}"
    else:
        deed = f"undoing that the images of {who} were {fault.change.describe() if fault.change else 'changed'}"
    gain = f"lowers the disagreement of the cameras from {fault.before_px:.0f} to {fault.after_px:.1f} px"
    return WrongViews(
        fault.code, fault.cameras, fault.before_px, fault.after_px, f"{fault.cause} That is, {deed} {gain}.",
        fault.remedy,
    )  # fmt: skip
