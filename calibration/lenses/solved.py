"""From usable views to cameras with their lenses: the steps of a calibration up to its refined lenses."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.initial.start import start_of
from calibration.lenses.beliefs import without_refuted_beliefs
from calibration.lenses.choice import ChosenLenses, choose_lenses
from calibration.lenses.models import parsed_model
from calibration.solve.bodies import BoardFootage
from calibration.solve.mirrored import refine_righted


def solved_lenses(
    footage: BoardFootage, models: list[str], targets: NDArray | None = None
) -> tuple[ChosenLenses, str]:
    """Start, refine, give up what the views refute, and choose the lenses.

    Parameters
    ----------
    footage : BoardFootage
    models : list of str
        As asked for, in the words of `models.checked_model`.
    targets : ndarray, shape (target, corner, 3), optional
        The boards as something else found them, such as bent; as described when left out.

    Returns
    -------
    lenses : ChosenLenses
    held : str
        Camera whose pose was held.

    Raises
    ------
    SolverError, ViewGraphError
        As `start_of` and `refine`.
    """
    start, problem, held = start_of(footage, models)
    if targets is not None:
        problem = replace(problem, views=replace(problem.views, targets=targets))
    square = np.array([parsed_model(model).square for model in models])
    problem, refinement = without_refuted_beliefs(problem, refine_righted(problem, start), square)
    return choose_lenses(problem, refinement, models, footage.camera_names, footage.image_sizes), held
