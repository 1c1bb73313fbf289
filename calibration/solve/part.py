"""Some bodies of a refinement, counted anew: for fits to a part of the footage, and for figures that need no more."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.solve.bundle_slide import Slide
from calibration.solve.bundle_views import BundleState, Views
from calibration.solve.refinement import Refinement


def part_of(views: Views, state: BundleState, bodies: NDArray) -> tuple[Views, BundleState]:
    """Return the views of some bodies (increasing), counted anew, and the state with these bodies alone."""
    place = np.full(views.n_bodies, -1)
    place[bodies] = np.arange(len(bodies))
    rows = np.flatnonzero((place[views.body] >= 0) & views.seen.any(axis=1))
    own = Views(
        views.camera[rows], place[views.body[rows]], views.pixels[rows], views.seen[rows], views.fisheye,
        views.targets, views.body_target[bodies],
    )  # fmt: skip
    return own, BundleState(state.lenses, state.cam_from_world, state.world_from_board[bodies])


def slide_of(slide: Slide, bodies: NDArray) -> Slide:
    """Return along what some bodies moved."""
    return replace(slide, velocity=slide.velocity[bodies], acceleration=slide.acceleration[bodies])


def thinned(refinement: Refinement, most: int) -> tuple[Refinement, NDArray]:
    """Return a refinement with at most so many of its bodies, evenly over time, and which these are."""
    bodies = np.flatnonzero(refinement.placed)
    bodies = bodies[:: max(-(-len(bodies) // most), 1)]
    return _with_bodies(refinement, bodies), bodies


def stretches_of(refinement: Refinement, most: int, stretches: int = 20) -> tuple[Refinement, NDArray]:
    """Return a refinement with about so many of its bodies at most, in stretches without gaps, and which these are."""
    bodies = np.flatnonzero(refinement.placed)
    if len(bodies) > most:
        bodies = np.concatenate([part[: most // stretches] for part in np.array_split(bodies, stretches)])
    return _with_bodies(refinement, bodies), bodies


def _with_bodies(refinement: Refinement, bodies: NDArray) -> Refinement:
    views, state = part_of(refinement.problem.views, refinement.state, bodies)
    problem = replace(refinement.problem, views=views, slide=None)
    placed = np.ones(len(bodies), dtype=bool)
    return replace(refinement, state=state, problem=problem, every_view=views, kept=views.seen, placed=placed)
