"""When the views of a recording were taken, and what a reader has to know of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits

_NOTABLE = 4.0  # sd from which a whole camera is told to be late


@dataclass(frozen=True, eq=False)
class ViewTiming:
    """When each view was taken, relative to the other views of its frame.

    Attributes
    ----------
    shift, sd : ndarray, shape (camera, frame)
        Seconds (or intervals between frames, see `unit`); positive is later than the moment that stands for the
        frame. NaN for views that tell nothing: without corners, alone in their frame, or of a board that has no
        neighbour in time or stands still. Drawn towards the mean of their camera by the prior.
    camera_shift, camera_sd : ndarray, shape (camera,)
        Mean of each camera, against all.
    spread : float
        Standard deviation of the shifts of single views about it, estimated or given.
    excess : float
        How much more whole views are moved about than the noise of single corners explains, whatever way the board
        moves; as a ratio of variances, at least 1. Errors of lens or board do that, and shifts in time do not.
    share_removed : float
        Of the energy of all residuals of the refinement without shifts, by one free shift per view, cameras and poses
        as they are.
    share_expected : float
        What motions that the boards did not make remove beside: chance, lens and board.
    share_used : float
        What the shifts as estimated remove once cameras and boards have followed; NaN where they have not.
    share_chance : float
        What as many freedoms remove of pure noise.
    sigma_px : float
        Noise of one coordinate of a corner that remains.
    unit : str
        's', or 'frames' where nobody said how fast frames follow.
    """

    shift: NDArray
    sd: NDArray
    camera_shift: NDArray
    camera_sd: NDArray
    spread: float
    excess: float
    share_removed: float
    share_expected: float
    share_used: float
    share_chance: float
    sigma_px: float
    unit: str

    @property
    def late_cameras(self) -> NDArray:
        """Which cameras are late or early as a whole, shape (camera,)."""
        return np.abs(np.nan_to_num(self.camera_shift)) > _NOTABLE * np.nan_to_num(self.camera_sd, nan=np.inf)

    @property
    def significant(self) -> bool:
        """Whether residuals grow with the speed of the board beyond chance."""
        return self.spread > 0 or bool(self.late_cameras.any())

    def sentences(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return what a reader has to know, in plain words."""
        used = np.isfinite(self.share_used)
        share = self.share_used if used else self.share_removed
        verb = "removes" if used else "would remove"
        head = f"One time shift per view {verb} {100 * share:.0f} % of the residual energy"
        if not self.significant:
            return (f"{head}, chance {100 * self.share_chance:.0f} %: no proof that views are early or late.",)
        factor, unit = (1e3, "ms") if self.unit == "s" else (1.0, "frame intervals")
        after = (
            f"(chance {100 * self.share_chance:.0f} %); corners then scatter by {self.sigma_px:.2f} px"
            if used
            else f"(along motions that the board did not make {100 * self.share_expected:.0f} %)"
        )
        text = [f"{head} {after}."]
        if self.spread > 0:
            text[0] += f" Single views are early or late by {digits(factor * self.spread)} {unit} (standard deviation)."
        for camera in np.flatnonzero(self.late_cameras):
            way = "late" if self.camera_shift[camera] > 0 else "early"
            size = digits(factor * abs(self.camera_shift[camera]), 3)
            # Cameras that were fitted without shifts have followed what a shift does: the remnant has no honest sd.
            text.append(
                f"Camera '{names[camera]}' is {way} by {size} +- {digits(factor * self.camera_sd[camera], 1)} {unit} "
                "on average, as the images show: stamps of a recorder tell when frames arrived."
                if used else
                f"Camera '{names[camera]}' is {way} on average, by {size} {unit} or more: its place and lens, fitted "
                "without shifts, hide a part."
            )  # fmt: skip
        return tuple(text)
