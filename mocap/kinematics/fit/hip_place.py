"""Where the hip centres lie in the pelvis, as far as a trial itself tells beside a regression.

A hip centre that is off makes the markers of pelvis and thighs disagree in some postures and not in others: what is
left of them by the fit says by how much, with the published error of the regression as the prior (Gauss-Newton, the
poses eliminated frame by frame). Skin that moves with the posture says the same kind of thing, and errs alike whenever
the posture comes again: however long a trial is, its frames count as one. Without a sacral plate it is the skin of ASIS
and PSIS that would be told from the hip centre, and is not: then the regression stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.fit.hip_shift import hip_equations
from mocap.kinematics.fit.solve import Fit, Observed
from mocap.kinematics.fit.tree import Tree
from mocap.kinematics.fit.weights import site_of

FRAMES = 50
"""Of a trial, spread over it, that are looked at."""
INDEPENDENT = 1.0
"""As many as these count: a choice of this project."""
_MIN_PLATE = 3
_SIDES = {"r": slice(0, 3), "l": slice(3, 6)}


@dataclass(frozen=True, eq=False)
class HipPlace:
    """Hip centres against those of the regression.

    Attributes
    ----------
    shift : ndarray, shape (6,)
        Right and then left, in pelvis axes, m.
    covariance : ndarray, shape (6, 6)
        Of what is left of their error, m².
    """

    shift: NDArray
    covariance: NDArray

    def of(self, side: str) -> NDArray:
        """Return the shift of a side, `r` or `l`, shape (3,)."""
        moved: NDArray = self.shift[_SIDES[side]]
        return moved

    def variance(self, side: str) -> float:
        """Return the mean square distance (m²) that is left of a side, `r` or `l`."""
        return float(np.trace(self.covariance[_SIDES[side], _SIDES[side]]))

    def moved(self, tree: Tree) -> Tree:
        """Return the tree with its hip centres shifted in the pelvis and, as the static says, in the thighs."""
        offset, places = tree.offset.copy(), dict(tree.places)
        for side, turn in tree.femur_from_pelvis.items():
            femur = tree.segments.index(f"femur_{side}")
            offset[femur] += self.of(side)
            inside = turn @ self.of(side)
            offset[tree.parent == femur] -= inside
            for name, (segment, spot) in tree.places.items():
                if segment == f"femur_{side}":
                    places[name] = (segment, spot - inside)
        return replace(tree, offset=offset, places=places)


def place_hips(tree: Tree, fitted: Fit, observed: Observed, prior: NDArray) -> HipPlace | None:
    """Return where the hip centres lie by a fit; None where no frame tells.

    Parameters
    ----------
    tree : Tree
        Of pelvis and legs.
    fitted, observed
        Some frames of the trial.
    prior : ndarray, shape (6, 6)
        Covariance of the error of the hip centres, m².
    """
    sound = np.flatnonzero(~fitted.restless & ~fitted.left_out.any(axis=1) & ~fitted.doubted.any(axis=1))
    if not len(sound):
        return None
    found = hip_equations(tree, fitted, observed, sound)
    told = np.isfinite(found.weight).all(axis=(1, 2)) & np.isfinite(found.right).all(axis=1)
    share = min(1.0, INDEPENDENT / max(int(np.count_nonzero(told)), 1))
    covariance = np.linalg.inv(np.linalg.inv(prior) + share * found.weight[told].sum(axis=0))
    return HipPlace(covariance @ (share * found.right[told].sum(axis=0)), covariance)


def shows_plate(tree: Tree, markers: Sequence[str]) -> bool:
    """Tell whether a plate on the sacrum is among the markers that are fitted."""
    on_plate = [one for one in markers if tree.places[one][0] == "pelvis" and site_of(one) == "plate"]
    return len(on_plate) >= _MIN_PLATE


def thinned_frames(n_frames: int) -> NDArray:
    """Return the frames of a trial that are looked at, evenly spread."""
    step = max(1, -(-n_frames // FRAMES))
    return np.arange(0, n_frames, step)


def sources_of(covariance: NDArray) -> dict[str, NDArray]:
    """Return what moves hip centres of a covariance, as `mocap.kinematics.hip_sizes.error_sources` does."""
    root = np.linalg.cholesky(covariance)
    return {"hips, one": root[:, :3], "hips, other": root[:, 3:]}


def shifts_of(place: "HipPlace | None") -> Mapping[str, NDArray]:
    """Return the shifts by side, `R` and `L`; none without any."""
    return {} if place is None else {side.upper(): place.of(side) for side in _SIDES}
