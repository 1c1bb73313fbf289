"""Standing up from a chair and sitting down again, with known seat-off, standing and sitting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.synthetic.legs import Stance, planted_motion
from mocap.synthetic.planted import eased, frame_count, hip_path
from mocap.synthetic.subject import Subject
from mocap.synthetic.trial import Repetition, SyntheticTrial, synthesise


@dataclass(frozen=True)
class ChairTempo:
    """Seconds of one repetition: sitting before it, leaning forward, rising, standing, sitting down."""

    rest_s: float = 1.0
    lean_s: float = 0.5
    rise_s: float = 1.0
    stand_s: float = 0.7
    sit_s: float = 1.2


def sit_to_stand(
    subject: Subject,
    repetitions: int = 5,
    lean_deg: float = 40.0,
    thigh_deg: float = 82.0,
    *,
    tempo: ChairTempo | None = None,
    rate_hz: float = 100.0,
) -> SyntheticTrial:
    """Return repetitions of standing up from a seat, feet flat and fixed.

    The trunk leans forward as one piece while the hips rest on the seat, and straightens as they rise.

    Parameters
    ----------
    lean_deg : float
        Pelvic tilt gained at seat-off.
    thigh_deg : float
        Thigh back from the vertical when seated: the height of the seat.

    Returns
    -------
    SyntheticTrial
        Task `sit_to_stand`. Of a `Repetition`, `start_s` is where the lean begins, `bottom_s` seat-off, `rise_s` where
        the person stands, `end_s` where they sit again; `depth` is the rise of the hips.
    """
    tempo, stance = tempo or ChairTempo(), Stance()
    marks = _marks(repetitions, tempo)
    n_frames = frame_count(marks[-1][3] + tempo.sit_s + tempo.rest_s, rate_hz)
    time_s = np.arange(n_frames) / rate_hz
    up, lean = np.zeros(n_frames), np.zeros(n_frames)
    for start, off, standing, down in marks:
        rise = eased((time_s - off) / (standing - off))
        up += rise - eased((time_s - down) / tempo.sit_s)
        lean += eased((time_s - start) / (off - start)) - rise
    thigh, shank = np.deg2rad(thigh_deg), np.deg2rad(8.0)
    hip = hip_path(subject, stance, 1.0 - up, thigh, shank)
    tilt = subject.standing_tilt + np.deg2rad(lean_deg) * lean
    curves: dict[str, NDArray] = {"pelvic_tilt": tilt, "neck_flexion": -0.5 * np.deg2rad(lean_deg) * lean}
    ends = hip_path(subject, stance, np.array([0.0, 1.0]), thigh, shank)[:, 2]
    found = tuple(
        Repetition(start, off, standing, down + tempo.sit_s, depth=float(ends[0] - ends[1]))
        for start, off, standing, down in marks
    )
    return synthesise(subject, planted_motion(subject, stance, hip, curves, rate_hz), "sit_to_stand", found)


def _marks(repetitions: int, tempo: ChairTempo) -> list[tuple[float, float, float, float]]:
    """Return where each repetition leans, leaves the seat, stands, and begins to sit down, s."""
    length = tempo.rest_s + tempo.lean_s + tempo.rise_s + tempo.stand_s + tempo.sit_s
    steps = np.cumsum([tempo.rest_s, tempo.lean_s, tempo.rise_s, tempo.stand_s])
    return [tuple(float(one) for one in steps + late) for late in length * np.arange(repetitions)]  # type: ignore[misc]
