"""Some bodies of a refinement, counted anew: for fits to a part of the footage, and for figures that need no more."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.solve.bundle_slide import Slide
from calibration.solve.bundle_system import N_LENS
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


def target_part(refinement: Refinement, target: int, most: int) -> Refinement:
    """Return the views of one target alone, thinned, by those cameras that hang together by what they show.

    Of groups of cameras that share no body, the one with the most views stays; other cameras are held where they are,
    as nothing fixes them.

    Parameters
    ----------
    refinement : Refinement
    target : int
        Which of the targets of the views.
    most : int
        Bodies.
    """
    views = refinement.problem.views
    bodies = np.flatnonzero(refinement.placed & (views.body_target == target))
    part = _with_bodies(refinement, bodies[:: max(-(-len(bodies) // most), 1)])
    group, own = _largest_group(part.problem.views)
    if group.all():
        return part
    part = _with_bodies(part, np.flatnonzero(own))
    free = part.problem.free & group[:, None]
    still = ~part.problem.free[:, N_LENS:].any(axis=1)
    if still.any() and not (still & group).any() and group.any():
        counts = np.bincount(part.problem.views.camera, minlength=len(group))
        free[int(counts.argmax()), N_LENS:] = False
    return replace(part, problem=replace(part.problem, free=free))


def _largest_group(views: Views) -> tuple[NDArray, NDArray]:
    """Return the cameras that share bodies, directly or through others, with the most views; and their bodies."""
    shown = np.zeros((views.n_cameras, views.n_bodies), dtype=bool)
    rows = views.seen.any(axis=1)
    shown[views.camera[rows], views.body[rows]] = True
    linked = shown.astype(float) @ shown.T > 0
    for _ in range(views.n_cameras.bit_length()):  # each round doubles the length of the chains
        linked = linked.astype(float) @ linked > 0
    n_views = linked @ shown.sum(axis=1)
    group = linked[int(n_views.argmax())]
    return group, np.asarray(shown[group].any(axis=0))


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
