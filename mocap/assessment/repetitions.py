"""Repetitions of a movement: start, bottom and end of each, found in one height over time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Repetition:
    """One repetition, by frames of its trial.

    Attributes
    ----------
    start, bottom, end : int
        Frames where the descent begins, the lowest one, and where the ascent ends.
    still_from, still_to : int
        First and last frame of the plateau at the bottom.
    paused : bool
        Whether it is held at the bottom.
    depth_m : float
        From the height of standing to the bottom.
    standing_m : float
        Height of standing that it refers to.
    """

    start: int
    bottom: int
    end: int
    still_from: int
    still_to: int
    paused: bool
    depth_m: float
    standing_m: float
