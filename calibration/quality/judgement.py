"""The verdict on each camera: good, usable or refuse, with every figure beside its limits.

The limits are those of a motion laboratory: they ask whether points in the volume are measured to a millimetre or two
and will be so outside the places where the board was shown, not whether the solver was content.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STATUSES = ("ok", "warn", "fail")
GRADES = ("good", "usable", "refuse")
_MOST_REASONS = 2


@dataclass(frozen=True)
class Check:
    """One figure held against its limits.

    Attributes
    ----------
    name : str
        Stable identifier, such as 'coverage'.
    status : str
        'ok', 'warn' or 'fail'.
    measured : float
        NaN where it could not be measured.
    limit_ok, limit_fail : float
        Where 'ok' ends and where 'fail' begins; NaN where there is none.
    unit : str
    meaning : str
        What was measured, in words.
    remedy : str
        What helps, in words; empty when nothing has to be done.
    of_cameras : tuple of (str, Check)
        Where a check of a whole rig is the fault of some of its cameras: their names, and what to say of each.
    """

    name: str
    status: str
    measured: float
    limit_ok: float
    limit_fail: float
    unit: str
    meaning: str
    remedy: str = ""
    of_cameras: tuple[tuple[str, "Check"], ...] = ()

    @property
    def severity(self) -> int:
        """0 for ok, 1 for warn, 2 for fail."""
        return STATUSES.index(self.status)

    @property
    def excess(self) -> float:
        """How many times over its limit the figure is; infinite where it was not measured."""
        limit = self.limit_fail if self.status == "fail" else self.limit_ok
        if not (np.isfinite(self.measured) and np.isfinite(limit)):
            return float("inf")
        ratio = max(abs(self.measured), 1e-12) / max(abs(limit), 1e-12)
        return max(ratio, 1.0 / ratio)

    def describe(self) -> str:
        """Return one line: 'image area with corners 12 % (limit 40 %)', 'views 3, fewer than the 5 needed'."""
        if not np.isfinite(self.measured):
            return self.meaning
        if self.unit == "views" and self.severity:
            failed = self.status == "fail"
            enough = f"{self.limit_fail + 1:.0f} needed" if failed else f"{self.limit_ok:.0f} of a good camera"
            return f"{self.meaning} {_number(self.measured)}, fewer than the {enough}"
        limit = self.limit_fail if self.status == "fail" else self.limit_ok
        beside = f" (limit {_number(limit)} {self.unit}".rstrip() + ")" if np.isfinite(limit) else ""
        told = _number(self.measured)
        if self.severity and beside and told == _number(limit) and self.measured != limit:
            told = f"{self.measured:.6g}"  # over the limit, but for the rounding
        return f"{self.meaning} {told} {self.unit}".rstrip() + beside


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


@dataclass(frozen=True)
class Limit:
    """Where a figure stops being good, and where it is refused.

    Attributes
    ----------
    ok, fail : float
        With `ok` > `fail` more is better. A share of 0 or less as `fail` is never reached: such a figure says where a
        calibration may be weak; whether it is, the uncertainties say.
    unit, meaning, remedy : str
    """

    ok: float
    fail: float
    unit: str
    meaning: str
    remedy: str

    def judge(self, name: str, measured: float) -> Check:
        """Hold a figure against the limit; one that could not be measured is a warning."""
        sign = -1.0 if self.ok > self.fail else 1.0
        if not np.isfinite(measured):
            return Check(name, "warn", float("nan"), self.ok, self.fail, self.unit,
                         f"{self.meaning}: not measured", "Record more views, so that it can be.")  # fmt: skip
        status = "ok" if sign * measured <= sign * self.ok else "warn" if sign * measured < sign * self.fail else "fail"
        remedy = "" if status == "ok" else self.remedy
        return Check(name, status, float(measured), self.ok, self.fail, self.unit, self.meaning, remedy)


#: Per camera. Shares of pixels refer to the longer side of the image: 0.08 % are 1 px of 1280.
CAMERA_LIMITS: dict[str, Limit] = {
    "views": Limit(20, 4, "views", "views of the board used", "Show the board to this camera for longer."),
    "rejected": Limit(5, 40, "%", "corners left out as outliers",
                      "Check that this video is sharp and synchronous with the others."),
    "residual": Limit(0.08, 0.25, "%", "RMS distance of corners to the model, of the image's longer side",
                      "Check synchronisation, sharpness, the flatness of the board and the lens model."),
    "coverage": Limit(20, -1, "%", "image area with corners",
                      "Show the board in the empty parts of this camera's image."),
    "reach": Limit(30, -1, "%", "reach of the corners from the middle of the image to its corner",
                   "Show the board near the edges and corners of this camera's image."),
    "with_ray": Limit(99.5, 50, "%", "image area for which the lens has a ray",
                      "The lens folds where no corner was seen: show the board there, or choose another lens model."),
    "edge_sd": Limit(1, float("inf"), "%", "place of a point known to, over 90 % of the image (1 sd, of its longer "
                     "side)", "Show the board near the edges and corners of this camera's image."),
    "slanted": Limit(25, -1, "%", "views slanted by 20 deg or more",
                     "Tilt the board, each way, while this camera sees it."),
    "shared": Limit(15, 2, "views", "views shared with another camera",
                    "Hold the board where this camera and a neighbour see it at the same time."),
    "focal_sd": Limit(0.5, 10, "%", "focal length known to (1 sd)",
                      "Show the board nearer and farther, and slanted; or calibrate this lens alone first."),
    "position_sd": Limit(0.5, 10, "%", "position known to (1 sd, of the distance to the volume)",
                         "Show the board nearer and farther, and slanted, to this camera and a neighbour at once."),
    "repeatability": Limit(2, 8, "x", "difference of two halves of the recording over the stated uncertainty",
                           "More is wrong than noise: check the lens model (free what was held), synchronisation and "
                           "the flatness of the board."),
}  # fmt: skip

#: Of the whole rig.
RIG_LIMITS: dict[str, Limit] = {
    "held_out_length": Limit(1.0, 5.0, "mm", "error of known lengths in views never used (RMSE)",
                             "Check synchronisation and the board's measures, and record more views."),
    "held_out_residual": Limit(1.5, 5.0, "px", "reprojection in views never used (median)",
                               "Check synchronisation, sharpness and the lens model."),
    "volume_sd": Limit(1.0, 10.0, "mm", "error of a point from the calibration (1 sd, 95th percentile of the volume)",
                       "Show the board in the parts of the volume where the map of errors is worst."),
    "volume_seen": Limit(95, 50, "%", "volume seen by two cameras or more",
                         "Aim the cameras so that their views overlap in the volume."),
}  # fmt: skip


@dataclass(frozen=True)
class CameraVerdict:
    """What to think of one camera.

    Attributes
    ----------
    name : str
    grade : str
        'good', 'usable' or 'refuse': as the worst of the checks.
    reason, remedy : str
        One sentence each; no remedy for a good camera.
    checks : tuple of Check
        In the order of `CAMERA_LIMITS`; then what checks of the whole rig say of it.
    """

    name: str
    grade: str
    reason: str
    remedy: str
    checks: tuple[Check, ...]


def judge_camera(name: str, figures: dict[str, float]) -> CameraVerdict:
    """Hold the figures of a camera against the limits.

    Parameters
    ----------
    name : str
    figures : dict of str to float
        By the names of `CAMERA_LIMITS`, in their units; NaN where unknown.
    """
    checks = tuple(limit.judge(key, figures[key]) for key, limit in CAMERA_LIMITS.items())
    grade, reason, remedy = graded(checks)
    return CameraVerdict(name, grade, reason, remedy, checks)


def graded(checks: Sequence[Check]) -> tuple[str, str, str]:
    """Return grade, reason and remedy of some checks: the worst decide, the farthest off their limits first."""
    worst = max((check.severity for check in checks), default=0)
    if worst == 0:
        return GRADES[0], "Every figure is within its limit.", ""
    every = sorted((check for check in checks if check.severity == worst), key=lambda check: -check.excess)
    telling, more = every[:_MOST_REASONS], len(every) - _MOST_REASONS
    reason = "; ".join(check.describe() for check in telling) + (f"; and {more} more" if more > 0 else "")
    remedies = dict.fromkeys(check.remedy for check in telling if check.remedy)
    return GRADES[worst], f"{reason[0].upper()}{reason[1:]}.", " ".join(remedies)
