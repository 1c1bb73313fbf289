"""How many frames were lost, by the likelihood of that number together with the camera's own clock.

A frame more that is lost and a clock that is a frame further ahead look alike on one side of the loss, and where little
moves on the other side the two cannot be told apart. So the number is never told alone: each one is given the clock
that fits it best, by all observations on both sides, and those that fit nearly as well are told with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.sync.lost_place import CAP, Held, held
from mocap.sync.lost_prediction import Prediction, common_miss
from mocap.sync.motion_options import MotionSyncOptions
from mocap.trial import Keypoints2D

_SPAN_S = 4.0  # on both sides of the loss
_SAMPLES = 400
MOST_KEYPOINTS = 13
_ASIDE = 2  # numbers on both sides of the one that is asked for
_MOVES = 3  # times that a better one is taken for the middle
_STEP, _STEPS = 0.5, 3  # frames about the clock that is expected, both ways
_NONE_STEPS = 2  # about the clock of either side, for a camera that lost nothing
_FEWEST = 40  # observations on each side
_LEAST_SCALE_PX = 0.05
DOUBT = 2.0  # errors of smoothed tracks last for frames: as if there were fewer observations by its square
_SURE = 20.0  # of the loss, by which a number has to be better than another


@dataclass(frozen=True)
class Count:
    """A number of lost frames.

    Attributes
    ----------
    count : int
        The likeliest.
    least, most : int
        Numbers that fit nearly as well.
    sd : float
    before : float
        Frames that the camera's clock is ahead before the loss, with that number.
    gain : float
        By how much the loss is below that of a camera that lost nothing.
    closed : bool
        Whether the numbers beyond `least` and `most` were asked, and fit less well, as none does.
    """

    count: int
    least: int
    most: int
    sd: float
    before: float
    gain: float
    closed: bool


def few_keypoints(keypoints: Keypoints2D) -> Keypoints2D:
    """Return keypoints spread over the body, as many as tell."""
    n_keypoints = len(keypoints.names)
    some = np.linspace(0, n_keypoints - 1, min(n_keypoints, MOST_KEYPOINTS)).astype(int)
    return replace(
        keypoints, pixels=keypoints.pixels[:, :, some], confidence=keypoints.confidence[:, :, some],
        names=tuple(keypoints.names[place] for place in some),
    )  # fmt: skip


def count_lost(
    keypoints: Keypoints2D, rig: CameraRig, camera: int, frame: int, shifts: NDArray, sd: NDArray, count: int,
    options: MotionSyncOptions,
) -> Count | None:
    """Tell how many frames a camera lost after a frame, with the clock that it then has.

    Parameters
    ----------
    keypoints : Keypoints2D
    rig : CameraRig
    camera : int
    frame : int
        The last before the loss.
    shifts : ndarray, shape (2, camera)
        Frames that the clocks are ahead, before and after, as far as they are known.
    sd : ndarray, shape (2,)
        Of the camera's own; infinite where it is not known.
    count : int
        About which it is looked for.
    options : MotionSyncOptions

    Returns
    -------
    Count or None
        None where too little is seen on one side.
    """
    span = round(_SPAN_S * keypoints.rate_hz)
    first, last = max(frame + 1 - span, 0), min(frame + 1 + span, keypoints.n_frames)
    frames = np.arange(first, last, max(-(-(last - first) // _SAMPLES), 1))
    reach = float(np.abs(shifts).max()) + 2 * (_ASIDE + 1) + _STEP * _STEPS
    part = held(few_keypoints(keypoints), rig, frames, reach, options)
    joint = _Joint((part.only(frames <= frame), part.only(frames > frame)), camera, shifts, sd)
    told = None
    for _ in range(_MOVES):
        asked = [number for number in range(count - _ASIDE, count + _ASIDE + 1) if number > 0]
        table = joint.table(asked)
        if table is None:
            return None
        told = _told(table, asked)
        if told.count not in (count - _ASIDE, count + _ASIDE):
            break
        count = told.count
    return told


@dataclass(frozen=True, eq=False)
class _Table:
    """Least loss of each number of lost frames, the last for none, and the clock before the loss that has it."""

    least: NDArray
    clock: NDArray


@dataclass(frozen=True, eq=False)
class _Joint:
    """Both sides of a loss, and what is known of the camera's clock on each."""

    sides: tuple[Held, Held]
    camera: int
    shifts: NDArray
    sd: NDArray

    def table(self, asked: Sequence[int]) -> _Table | None:
        """Ask each number of lost frames, and none, by clocks about its likeliest; None where too little is seen."""
        few = _STEP * np.arange(-_NONE_STEPS, _NONE_STEPS + 1)
        steps = _STEP * np.arange(-_STEPS, _STEPS + 1)
        grids = [_on_step(self._middle(number)) + steps for number in asked]
        # Who lost nothing has one clock: that of either side.
        grids.append(np.concatenate([_on_step(clock) + few for clock in self.shifts[:, self.camera]]))
        found: tuple[dict[float, Prediction], dict[float, Prediction]] = ({}, {})
        squares = [
            np.array([self._square(found, (clock, clock - number)) for clock in grid])
            for number, grid in zip((*asked, 0), grids, strict=True)
        ]
        known = np.all([np.isfinite(square).all(axis=0) for square in squares], axis=0)
        n_before = len(self.sides[0].frames)
        if min(np.count_nonzero(known[:n_before]), np.count_nonzero(known[n_before:])) < _FEWEST:
            return None
        # The median of a sum of two squares is 1.386 of each one's mean.
        usual = min(float(np.median(square[:, known], axis=1).min()) for square in squares)
        scale = max(usual / 1.386, _LEAST_SCALE_PX**2)
        losses = [np.minimum(square[:, known] / scale, CAP).sum(axis=1) / 2 for square in squares]
        least = [_lowest(loss, grid) for loss, grid in zip(losses, grids, strict=True)]
        return _Table(np.array([low for low, _ in least]), np.array([clock for _, clock in least]))

    def _middle(self, number: int) -> float:
        """Clock before the loss to be expected with a number, by both sides as far as they are known."""
        before, after = self.shifts[:, self.camera]
        weight = 1.0 / self.sd**2
        if not weight.any():
            return float(before)
        return float((weight[0] * before + weight[1] * (after + number)) / weight.sum())

    def _square(self, found: tuple[dict[float, Prediction], ...], clocks: tuple[float, float]) -> NDArray:
        """Squared miss of each observation about what its keypoint misses by throughout, by a clock on each side."""
        read = []
        for side, known, clock in zip(self.sides, found, clocks, strict=True):
            if clock not in known:
                moved = self.shifts[0].astype(float)
                moved[self.camera] = clock
                known[clock] = side.by(self.camera, moved)
            read.append(known[clock])
        miss, weight = (np.concatenate([getattr(one, name) for one in read]) for name in ("miss", "weight"))
        return Prediction(miss, weight).squared(common_miss(miss, weight))


def _on_step(clock: float) -> float:
    """The nearest step: those of all numbers meet, and are worked out once."""
    return float(_STEP * np.round(clock / _STEP))


def _lowest(loss: NDArray, clock: NDArray) -> tuple[float, float]:
    """Least loss and its clock, between the steps by a parabola."""
    at = int(loss.argmin())
    if not 0 < at < len(loss) - 1 or not np.isclose(clock[at + 1] - clock[at - 1], 2 * _STEP):
        return float(loss[at]), float(clock[at])
    lean, bend = (loss[at + 1] - loss[at - 1]) / 2, loss[at + 1] - 2 * loss[at] + loss[at - 1]
    if not bend > 0:
        return float(loss[at]), float(clock[at])
    return float(loss[at] - lean**2 / (2 * bend)), float(clock[at] - _STEP * lean / bend)


def _told(table: _Table, asked: Sequence[int]) -> Count:
    least = table.least[:-1]
    best = int(least.argmin())
    near = np.flatnonzero(least - least[best] <= _SURE)
    gain = float(table.least[-1] - least[best])
    closed = bool(near[-1] < len(asked) - 1 and (near[0] > 0 or asked[0] == 1) and gain > _SURE)
    bends = [2 * (least[side] - least[best]) for side in (best - 1, best + 1) if 0 <= side < len(asked)]
    bend = float(min(bends))
    sd = DOUBT / np.sqrt(bend) if bend > 0 else np.inf
    return Count(asked[best], asked[near[0]], asked[near[-1]], float(sd), float(table.clock[best]), gain, closed)
