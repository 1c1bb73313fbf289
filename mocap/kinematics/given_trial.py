"""What is given of a trial, after the looks at it that need no person: labels, sides, units, frames that are odd."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.anatomical.joints import NO_RECORDINGS, CalibrationRecordings
from mocap.kinematics.degenerate import nothing_to_see, usable_static
from mocap.kinematics.exchanged import Exchange, exchange_verdict, find_exchanges, unmixed
from mocap.kinematics.faults.absurd import calibration_without_absurd
from mocap.kinematics.faults.coincident import (
    Coincident,
    coincident_verdict,
    without_coincident,
)
from mocap.kinematics.faults.doubled import recordings_without_doubled
from mocap.kinematics.faults.odd_points import (
    OddPoints,
    find_odd_points,
    odd_verdicts,
    without_absurd,
    without_exchanged,
)
from mocap.kinematics.label_order import OrderDoubt, order_verdict
from mocap.kinematics.marker_sets import MarkerSet, Matched, match, resolve
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.person import checked_positions
from mocap.kinematics.upright import upright_verdicts
from mocap.trial import Points3D, Verdict


@dataclass(frozen=True, eq=False)
class GivenTrial:
    """A trial and what calibrates it, with all that their points tell by themselves.

    Attributes
    ----------
    points : Points3D
        Without absurd coordinates.
    matched : Matched
    nothing : str
        Why nothing is to be seen; empty where something is. What follows is empty where nothing is.
    static : Points3D or None
    recordings : CalibrationRecordings
    gravity_known, upright : bool
        Whether world Z is known to be up, and whether the person has to stand.
    positions : mapping of str to ndarray, shape (time, 3)
        Landmarks that the trial measured, ISB-turned world, m.
    exchanges : tuple of Exchange
    odd : OddPoints
    coincident : tuple of Coincident
    doubts : tuple of OrderDoubt
    of_static, of_labels, of_points : tuple of Verdict
        On the static as it was given, on labels and posture, on single samples.
    """

    points: Points3D
    matched: Matched
    nothing: str
    static: Points3D | None = None
    recordings: CalibrationRecordings = NO_RECORDINGS
    gravity_known: bool = False
    upright: bool = False
    positions: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    exchanges: tuple[Exchange, ...] = ()
    odd: OddPoints = OddPoints((), MappingProxyType({}))  # noqa: RUF009 - frozen, all its parts are empty
    coincident: tuple[Coincident, ...] = ()
    doubts: tuple[OrderDoubt, ...] = ()
    of_static: tuple[Verdict, ...] = ()
    of_labels: tuple[Verdict, ...] = ()
    of_points: tuple[Verdict, ...] = ()

    @property
    def unmixed(self) -> Mapping[str, NDArray]:
        """Return the positions without the frames in which labels are exchanged, which are told as that."""
        return unmixed(self.positions, self.exchanges)


def look_at(
    points: Points3D,
    marker_set: str | MarkerSet | None,
    static: Points3D | None,
    recordings: CalibrationRecordings,
    options: KinematicsOptions,
    *,
    gravity_known: bool,
) -> GivenTrial:
    """Return a trial with what its points tell by themselves; parameters and errors as of `kinematics`."""
    matched = resolve(points.names, marker_set)
    given, points = points, without_absurd(points)
    finite = points
    static, recordings, absurd = calibration_without_absurd(static, recordings)
    gravity_known = gravity_known and points.gravity_known
    upright = gravity_known and options.posture == "upright"
    nothing = nothing_to_see(points, list(matched.label_of.values()))
    if nothing:
        return GivenTrial(points, matched, nothing)
    static, unusable = usable_static(static, matched.marker_set)
    points, positions, coincident = without_coincident(points, matched)
    of_both = coincident_verdict(coincident)
    if static is not None:
        static, _, in_static = without_coincident(static, match(matched.marker_set, static.names))
        of_both += coincident_verdict(in_static, "static")
    if matched.marker_set.kind != "keypoints" and not recordings.none:
        recordings, in_recordings = recordings_without_doubled(recordings, matched.marker_set)
        of_both += in_recordings
    positions, doubts = checked_positions(points, matched, "trial", upright, positions)
    # What is on one spot throughout is a landmark all the same, of no known place.
    for name in {name for pair in coincident for name in (pair.one, pair.other)} - set(positions):
        positions[name] = np.full((points.n_frames, 3), np.nan)
    marks = matched.marker_set
    detected = frozenset(matched.label_of) if marks.kind == "keypoints" else marks.keypoints
    odd = find_odd_points(points, matched.label_of, detected)
    exchanges = find_exchanges(positions, points.rate_hz, [name for name in odd.jumping if name not in detected])
    odd = without_exchanged(odd, exchanges)
    stands = upright_verdicts(positions) if upright else ()
    _check_recordings(recordings, options, static)
    return GivenTrial(
        points=points,
        matched=matched,
        nothing="",
        static=static,
        recordings=recordings,
        gravity_known=gravity_known,
        upright=upright,
        # A landmark that was touched is carried by its segment, whatever marker the trial has there.
        positions={name: values for name, values in positions.items() if name not in recordings.pointed_names},
        exchanges=exchanges,
        odd=odd,
        coincident=coincident,
        doubts=doubts,
        of_static=unusable,
        of_labels=(*stands, exchange_verdict(exchanges, points), *order_verdict(doubts)),
        of_points=odd_verdicts(odd, given, finite) + absurd + of_both,
    )


def _check_recordings(
    recordings: CalibrationRecordings, options: KinematicsOptions, static: Points3D | None
) -> None:
    """Refuse calibration recordings that the model, or the want of a static, leaves without a use."""
    if options.model == "plug-in-gait" and (recordings.functional_hip or recordings.functional_knee):
        raise KinematicsError(
            "Model plug-in-gait has its own hip centres and knee axes, and uses no functional movement.",
            "Leave the functional movements out, or use another model.",
            code="CALIBRATION_MODEL",
        )
    if static is None and not recordings.none:
        raise KinematicsError(
            "Functional movements and other calibration recordings say nothing without the static trial.",
            "Give the standing trial of the same person too.",
            code="CALIBRATION_NO_STATIC",
        )
