"""Whether a board that was taken for flat is flat: asked of a finished calibration, from a part of its views."""

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.corrections.board_shape import BoardShape, ShapedRefinement, bending_seen
from calibration.corrections.choice import Wanted
from calibration.errors import ShapeError, SolverError
from calibration.result import Calibration
from calibration.solve.part import target_part
from calibration.solve.refinement import Refinement

TELLING = 40  #: Bodies that tell of bending.


@dataclass(frozen=True, eq=False)
class Flatness:
    """What the views say of the flatness of the main board.

    Attributes
    ----------
    shape : BoardShape, optional
        Where it is proven to bend though it was taken for flat.
    part : Refinement, optional
        With `shape`: the views that tell, and the answer for a flat board.
    bent : Refinement, optional
        With `shape`: the answer to the same views with the shape refined.
    untold : str
        In words why nothing can be told; empty where it can.
    """

    shape: BoardShape | None = None
    part: Refinement | None = None
    bent: Refinement | None = None
    untold: str = ""


def board_flatness(calibration: Calibration) -> Flatness:
    """Find out whether the board bends though it was taken for flat; of one whose shape was refined, nothing is left.

    Parameters
    ----------
    calibration : Calibration
    """
    if calibration.shape is not None:
        return Flatness()
    part = target_part(calibration.refinement, 0, TELLING)
    found = _bending(part, 0)
    if isinstance(found, str):
        return Flatness(untold=found)
    if found is None:
        return Flatness()
    return Flatness(found.shape, part, found.refinement)


def further_bent(refinement: Refinement, names: Sequence[str]) -> tuple[str, ...]:
    """Return sentences on boards after the first that are proven to bend, or of which nothing can be told.

    Parameters
    ----------
    refinement : Refinement
        Of all boards; each is a target.
    names : sequence of str
        Of all boards.
    """
    told = []
    for target in range(1, len(refinement.problem.views.targets)):
        found = _bending(target_part(refinement, target, TELLING), target)
        if found is not None and not isinstance(found, str):
            told.append(f"the {names[target]} {found.shape.size()} and was taken for flat")
    return tuple(told)


def _bending(part: Refinement, target: int) -> ShapedRefinement | str | None:
    """Return how a board is proven to bend, None where it is not, or in words why that cannot be told."""
    try:
        found = bending_seen(part, target)
    except (ShapeError, SolverError) as error:  # no flat board, or one too small to tell
        return str(error.cause).rstrip(".")
    return found if found is not None and found.shape.significant else None


def with_bending(wanted: Wanted) -> Wanted:
    """Return what is wanted, and the bending of the board."""
    return Wanted(wanted.timing, "bending", wanted.frame_times, wanted.rate_hz)
