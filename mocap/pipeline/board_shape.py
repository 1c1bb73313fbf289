"""The shape of the board in the recipe: refined where the views prove that it bends, unless it is to be kept flat."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from calibration.corrections.choice import Wanted
from calibration.corrections.flatness import Flatness, board_flatness, with_bending
from calibration.errors import ShapeError, SolverError
from calibration.result import Calibration

Solve = Callable[[Wanted], Calibration]


@dataclass(frozen=True, eq=False)
class ShapedCalibration:
    """A calibration, and what it makes of the shape of the board.

    Attributes
    ----------
    calibration : Calibration
    wanted : Wanted
        What it was calibrated with.
    flatness : Flatness
        What is left of a bend.
    """

    calibration: Calibration
    wanted: Wanted
    flatness: Flatness


def calibrate_with_shape(solve: Solve, wanted: Wanted, bending: bool | None) -> ShapedCalibration:
    """Calibrate with a flat board, and once more with its shape refined where that is asked for or proven.

    Parameters
    ----------
    solve : callable
        Calibrates with what is wanted.
    wanted : Wanted
        With a flat board.
    bending : bool, optional
        True: its shape is refined in any case; False: it is kept flat. As the views prove when left out.

    Raises
    ------
    CalibrationError, ShapeError
        As `solve`.
    """
    shaped = with_bending(wanted)
    if bending:
        return ShapedCalibration(solve(shaped), shaped, Flatness())
    flat = solve(wanted)
    flatness = board_flatness(flat)
    if flatness.shape is None or bending is False:
        return ShapedCalibration(flat, wanted, flatness)
    try:
        bent = solve(shaped)
    except (ShapeError, SolverError):  # a bend that cannot be refined stays, and the assessment says so
        return ShapedCalibration(flat, wanted, flatness)
    if bent.shape is None or not bent.shape.significant:  # some views alone had seemed to prove it
        return ShapedCalibration(flat, wanted, Flatness())
    return ShapedCalibration(bent, shaped, Flatness())


def with_shape_told(result: Calibration, flatness: Flatness, bending: bool | None) -> Calibration:
    """Let the metadata of a calibration say what was made of a bend that the views prove.

    Parameters
    ----------
    result : Calibration
    flatness : Flatness
        What is left of a bend.
    bending : bool, optional
        As `calibrate_with_shape` had it.
    """
    told = ""
    if flatness.shape is not None:
        why = "was kept flat" if bending is False else "was taken for flat, as its shape could not be refined"
        told = f"The board {flatness.shape.size()}, but {why}: the cameras are off with it."
    elif bending is None and result.shape is not None:
        told = f"{result.shape.describe().rstrip('.')}; --flat keeps it flat."
    if not told:
        return result
    return replace(result, rig=replace(result.rig, metadata={**result.rig.metadata, "board_shape": told}))
