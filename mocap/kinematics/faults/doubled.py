"""One marker with two labels in the recordings that calibrate a person: missing there as in the trial, and told."""

from dataclasses import replace

from mocap.kinematics.anatomical.joints import CalibrationRecordings
from mocap.kinematics.faults.absurd import each_cleaned
from mocap.kinematics.faults.coincident import coincident_verdict, without_coincident
from mocap.kinematics.marker_sets import MarkerSet, match
from mocap.trial import Points3D, Verdict


def recordings_without_doubled(
    recordings: CalibrationRecordings, marker_set: MarkerSet
) -> tuple[CalibrationRecordings, tuple[Verdict, ...]]:
    """Return recordings without landmarks that lie on each other (see `find_coincident`), and what was taken out.

    Returns
    -------
    CalibrationRecordings, tuple of Verdict
        `calibration_points_coincident`, naming the pairs of every recording that has some; nothing where none has.
    """
    told: list[Verdict] = []

    def cleaned(points: Points3D, of_what: str) -> Points3D:
        points, _, found = without_coincident(points, match(marker_set, points.names))
        told.extend(coincident_verdict(found, of_what.removeprefix("the ")))
        return points

    recordings = each_cleaned(recordings, cleaned)
    if not told:
        return recordings, ()
    pairs, text = sum(one.measured for one in told), "; ".join(dict.fromkeys(one.text for one in told))
    return recordings, (replace(told[0], name="calibration_points_coincident", measured=pairs, text=text),)
