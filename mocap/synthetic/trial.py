"""A synthetic recording with everything that is true about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.synthetic.motion import Motion, joint_centres, landmarks, segments
from mocap.synthetic.subject import Subject
from mocap.synthetic.truth import true_angles
from mocap.trial import Points3D, Segments


@dataclass(frozen=True)
class Repetition:
    """One true repetition; times in s, angles in rad, lengths in m.

    Attributes
    ----------
    start_s, bottom_s, rise_s, end_s : float
        Descent begins, bottom is reached, ascent begins, standing again.
    depth : float
        Drop of the middle of the hip centres.
    wink_magnitude : float
        Greatest anterior tilt in the descent minus tilt at the bottom; 0 without a tuck.
    wink_onset : float
        Depth (0 to 1 of this repetition's drop) at which the tuck begins; NaN without a tuck.
    lumbar_change : float
        Lumbar flexion at the bottom minus that at the onset (without a tuck: at the greatest tilt).
    """

    start_s: float
    bottom_s: float
    rise_s: float
    end_s: float
    depth: float
    wink_magnitude: float = 0.0
    wink_onset: float = np.nan
    lumbar_change: float = np.nan


@dataclass(frozen=True)
class GaitEvent:
    """One true foot contact (`initial_contact`) or its end (`final_contact`) of side `r` or `l`; time in s."""

    time_s: float
    label: str
    side: str


@dataclass(frozen=True, eq=False)
class SyntheticTrial:
    """Perfect points with their truth.

    Attributes
    ----------
    task : str
        `static`, `squat`, `hinge`, `gait` or `free`.
    subject : Subject
    motion : Motion
    points : Points3D
        All landmarks, no error.
    truth : mapping of str to ndarray, shape (time,)
        Angle name of the trial file -> rad.
    joint_centres : mapping of str to ndarray, shape (time, 3)
        RHJC, LHJC, RKJC, LKJC, RAJC, LAJC in the world, m.
    segments : Segments
    repetitions : tuple of Repetition
    events : tuple of GaitEvent
    """

    task: str
    subject: Subject
    motion: Motion
    points: Points3D
    truth: Mapping[str, NDArray]
    joint_centres: Mapping[str, NDArray]
    segments: Segments
    repetitions: tuple[Repetition, ...] = ()
    events: tuple[GaitEvent, ...] = ()

    @property
    def time_s(self) -> NDArray:
        """Frame times, shape (time,), in seconds."""
        return self.points.time_s

    def truth_deg(self, name: str) -> NDArray:
        """Return one true angle, shape (time,), in degrees."""
        return np.rad2deg(self.truth[name])


def synthesise(
    subject: Subject,
    motion: Motion,
    task: str = "free",
    repetitions: tuple[Repetition, ...] = (),
    events: tuple[GaitEvent, ...] = (),
) -> SyntheticTrial:
    """Return the trial of any motion of the subject."""
    return SyntheticTrial(
        task=task,
        subject=subject,
        motion=motion,
        points=landmarks(subject, motion),
        truth=true_angles(subject, motion),
        joint_centres=joint_centres(subject, motion),
        segments=segments(subject, motion),
        repetitions=repetitions,
        events=events,
    )


def faced(trial: SyntheticTrial, heading: float, origin_world: NDArray | tuple[float, float, float]) -> SyntheticTrial:
    """Return the same trial, facing `heading` (rad about world Z) with the person's own origin at `origin_world`."""
    motion = replace(trial.motion, heading=heading, origin_world=np.asarray(origin_world, float))
    return synthesise(trial.subject, motion, trial.task, trial.repetitions, trial.events)
