"""How well the markers agree with the fitted body, and what had to be bridged."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.fit.bridging import Shown
from mocap.kinematics.fit.flags import segment_words
from mocap.kinematics.fit.gross import GROSS_SD, counted
from mocap.kinematics.fit.solve import Fit, Observed
from mocap.kinematics.fit.tree import Tree
from mocap.trial import Verdict

RESIDUAL_SD = 1.0

Fitted = tuple[tuple[str, ...], Fit, Observed, Tree, tuple[Shown, ...]]


def fit_verdicts(parts: Sequence[Fitted], bridge_s: float) -> tuple[Verdict, ...]:
    """Return a verdict per marker (RMS residual against its own sd), the longest gap, what is left out or implausible.
    """
    verdicts: list[Verdict] = []
    longest, restless = 0.0, 0
    for markers, fitted, observed, _, shown in parts:
        for index, name in enumerate(markers):
            verdicts += _marker_verdict(name, fitted.residuals[:, index], _expected(observed, index))
        longest = max([longest, *(one.longest_s for one in shown)])
        restless = max(restless, int(fitted.restless.sum()))
    text = "longest time over which the markers do not show a segment between frames that do; longer is left out"
    verdicts.append(Verdict("skeleton_gap", longest, bridge_s, "s", longest <= bridge_s, text))
    verdicts += _agreement(parts)
    if restless:
        text = "frames in which the fit did not settle, or next to such; they are left out"
        verdicts.append(Verdict("skeleton_settled", float(restless), 0.0, "frames", False, text))
    return tuple(verdicts)


def _agreement(parts: Sequence[Fitted]) -> list[Verdict]:
    """Return whether no sample had to be left out, and whether the segments lie as their markers say."""
    left_out: dict[str, NDArray] = {}
    doubted: dict[str, NDArray] = {}
    for markers, fitted, _, tree, _ in parts:
        left_out |= {name: fitted.left_out[:, index] for index, name in enumerate(markers)}
        doubted |= {segment_words(name): fitted.doubted[:, index] for index, name in enumerate(tree.segments)}
    n_samples = float(sum(flags.sum() for flags in left_out.values()))
    n_frames = float(np.any(list(doubted.values()), axis=0).sum())
    samples = f"samples more than {GROSS_SD:g} sd (skin counted) off the fitted body, left out"
    frames = "frames in which markers together lie farther off the fitted body than skin lets them"
    if n_samples:
        samples += f": {counted(left_out)}"
    if n_frames:
        frames += f": {counted(doubted)}; the pose of these segments and of those next to them may be wrong"
    return [
        Verdict("skeleton_left_out", n_samples, 0.0, "samples", not n_samples, samples),
        Verdict("skeleton_agreement", n_frames, 0.0, "frames", not n_frames, frames),
    ]


def _expected(observed: Observed, index: int) -> float:
    """Return the typical 3D sd (m) of a marker: its noise and its skin."""
    variance = np.einsum("tii->t", observed.covariance[:, index]) + 3.0 * observed.soft_tissue[:, index]
    return float(np.sqrt(np.median(variance)))


def _marker_verdict(name: str, residual: NDArray, expected_m: float) -> list[Verdict]:
    square = np.sum(residual * residual, axis=1)
    square = square[np.isfinite(square)]
    if not len(square):
        return []
    rms, limit = 1000 * float(np.sqrt(square.mean())), 1000 * RESIDUAL_SD * expected_m
    text = f"RMS distance of marker {name} from its place on the fitted body; above the limit it slid or is misplaced"
    return [Verdict(f"residual_{name}", rms, limit, "mm", rms <= limit, text)]
