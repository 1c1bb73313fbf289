"""What became of every observation, and what the points of a trial look like: who lost what, lengths, odd samples."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import counted, digits
from mocap.reconstruction.kernels import MEASURED, MISSING
from mocap.reconstruction.losses import Losses, usable_observations, what_became
from mocap.reconstruction.options import ReconstructionOptions
from mocap.reconstruction.robust import Reconstruction
from mocap.signal.implausible import LEAP_M, LEAP_M_PER_S, Implausible, find_implausible
from mocap.signal.runs import runs
from mocap.trial import Keypoints2D, Points3D, Verdict

_LENGTH_DRIFT = 0.03  # of the length, from the first to the last third of a trial
_FEWEST_FRAMES = 30
_SHORTEST_M = 0.1  # of shorter bones the noise alone is a large share
_NAMED = 4
_MOSTLY = 0.5
_MOST_NAMED = 12


def losses(
    details: Reconstruction, keypoints: Keypoints2D, rig: CameraRig, options: ReconstructionOptions | None = None
) -> Losses:
    """Tell what became of every observation.

    Parameters
    ----------
    details : Reconstruction
    keypoints : Keypoints2D
        What it was made of.
    rig : CameraRig
    options : ReconstructionOptions, optional
        What it was made with.
    """
    usable = usable_observations(keypoints, options or ReconstructionOptions())
    return what_became(details.used, details.reason, keypoints, usable, rig.names)


def presence_verdict(details: Reconstruction, names: Sequence[str]) -> Verdict:
    """Judge whether keypoints are missing for most of the trial, in the frames that hold anything, and name them."""
    found = details.reason == MEASURED
    frames = found.any(axis=1)
    share = found[frames].mean(axis=0) if frames.any() else np.zeros(found.shape[1])
    lost = [int(k) for k in np.argsort(share, kind="stable") if share[k] < _MOSTLY]
    told = [
        f"{names[k]} {100 * share[k]:.0f} %"
        + (" (no two cameras saw it at once)" if (details.reason[:, k] == MISSING).all() else "")
        for k in lost[:_MOST_NAMED]
    ]
    told += [counted(len(lost) - _MOST_NAMED, "more keypoint")] if len(lost) > _MOST_NAMED else []
    text = f"found in less than half of the frames that hold any point{': ' if told else ''}{', '.join(told)}"
    return Verdict("keypoints missing", float(len(lost)), 0.0, "keypoints", not lost, text)


def size_verdicts(points: Points3D, used: NDArray | None = None) -> tuple[Verdict, ...]:
    """Tell how well the points are known, in mm and in px: medians over all found points, never a gate by itself.

    Parameters
    ----------
    points : Points3D
    used : ndarray of bool, shape (camera, time, keypoint), optional
        Observations whose reprojection error counts.
    """
    verdicts = []
    variance = np.trace(points.covariance, axis1=2, axis2=3)
    if np.isfinite(variance).any():
        sd_mm = 1e3 * np.sqrt(variance[np.isfinite(variance)])
        upper = np.quantile(sd_mm, 0.95)
        text = f"median uncertainty of a point (root of the summed variances); 95 % below {upper:.1f} mm"
        verdicts.append(_at_most("point sd", float(np.median(sd_mm)), 30.0, "mm", text))
    if points.reprojection_error is not None and used is not None and used.any():
        error = points.reprojection_error[used]
        text = "median distance of the used observations from their point"
        verdicts.append(_at_most("reprojection", float(np.median(error)), 20.0, "px", text))
    return tuple(verdicts)


def length_verdicts(points: Points3D, bones: Sequence[tuple[str, str]]) -> tuple[Verdict, ...]:
    """Judge whether bones keep their length from the first to the last third of a trial.

    A length that drifts tells of a slipping marker, a camera that moves or a clock that runs away. One verdict, about
    the bone that drifts most beyond its scatter within these thirds: many lengths between skin markers change with
    posture. None without bones or in less than 30 frames.
    """
    worst: tuple[float, str] | None = None
    spread = []
    for first, second in bones:
        length = np.linalg.norm(points.point(first) - points.point(second), axis=1)
        thirds = [part[np.isfinite(part)] for part in np.array_split(length, 3)]
        if min(len(thirds[0]), len(thirds[2])) < _FEWEST_FRAMES // 3:
            continue
        typical = float(np.median(length[np.isfinite(length)]))
        if typical < _SHORTEST_M:
            continue
        spread.append(float(np.std(length[np.isfinite(length)])))
        drift = float(np.median(thirds[2]) - np.median(thirds[0]))
        scatter = float(np.sqrt((np.var(thirds[0]) + np.var(thirds[2])) / 2))
        share = max(abs(drift) - scatter, 0.0) / max(typical, 1e-9)
        if worst is None or share > worst[0]:
            worst = share, f"{first}-{second} ({digits(1e3 * drift, 2)} mm of {1e3 * typical:.0f} mm)"
    if worst is None:
        return ()
    text = (
        f"largest change of a length, beyond its scatter, from the first to the last third: {worst[1]}; mean SD of the "
        f"lengths {1e3 * np.mean(spread):.1f} mm"
    )
    return (_at_most("segment lengths", 100 * worst[0], 100 * _LENGTH_DRIFT, "%", text),)


def oddity_verdicts(points: Points3D) -> tuple[tuple[Verdict, ...], Implausible]:
    """Judge whether points freeze, leap or stray, naming keypoint and time; and tell which samples do."""
    variance = np.trace(points.covariance, axis1=2, axis2=3)
    odd = find_implausible(points.position, np.sqrt(np.where(variance >= 0, variance, np.nan)), points.rate_hz)
    kinds = {
        "frozen points": (odd.frozen, "stand still to the last digit while others move"),
        "leaps": (odd.leap, f"move more than {LEAP_M} m between two frames, and faster than {LEAP_M_PER_S:.0f} m/s"),
        "stray samples": (odd.stray, "lie far off the course of their neighbours"),
    }
    verdicts = []
    for name, (mask, meaning) in kinds.items():
        text = f"that {meaning}{_where(mask, points)}"
        if name == "stray samples" and odd.unjudged.any():
            text += f"; {counted(int(odd.unjudged.sum()), 'sample')} beside gaps or at ends could not be judged"
        verdicts.append(Verdict(name, float(mask.sum()), 0.0, "samples", not mask.any(), text))
    return tuple(verdicts), odd


def _where(mask: NDArray, points: Points3D) -> str:
    if not mask.any():
        return ""
    count = mask.sum(axis=0)
    told = []
    for keypoint in np.argsort(-count, kind="stable")[:_NAMED]:
        if not count[keypoint]:
            break
        start, stop = max(runs(mask[:, keypoint]), key=lambda run: run[1] - run[0])
        first, last = points.time_s[start], points.time_s[stop - 1]
        when = f"at {first:.2f} s" if stop - start == 1 else f"{first:.2f} to {last:.2f} s"
        told.append(f"{points.names[keypoint]} {when} (frame {start})")
    more = int((count > 0).sum()) - len(told)
    tail = f" and {counted(more, 'more keypoint')}" if more else ""
    return f": {', '.join(told)}{tail}"


def _at_most(name: str, measured: float, limit: float, unit: str, text: str) -> Verdict:
    return Verdict(name, measured, limit, unit, bool(measured <= limit), text)
