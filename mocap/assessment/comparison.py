"""Two recordings or analyses of one movement side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.typing import NDArray

from mocap.assessment.agreement import Agreement
from mocap.assessment.alignment import Lag
from mocap.trial import AngleDefinition


@dataclass(frozen=True, eq=False)
class ComparedAngle:
    """One angle of both.

    Attributes
    ----------
    name : str
    of_a, of_b : AngleDefinition
    time_s : ndarray, shape (time,)
        On the clock of A.
    a_deg, b_deg : ndarray, shape (time,)
    a_sd_deg, b_sd_deg : ndarray, shape (time,)
        Random standard uncertainties; NaN is unknown.
    figures : Agreement
        Of A - B in degrees.
    differences : tuple of str
        Where the definitions differ, in words; empty for the same definition.
    offset_u_deg, offset_z : float
        What landmark placement, soft tissue and (of two worlds) the vertical let expect of the offset, and the offset
        over all its uncertainty; NaN where neither side states any.
    verdict : str
        Whether the error bars explain the difference.
    note : str
        Whole turns that were taken out.
    """

    name: str
    of_a: AngleDefinition
    of_b: AngleDefinition
    time_s: NDArray
    a_deg: NDArray
    b_deg: NDArray
    a_sd_deg: NDArray
    b_sd_deg: NDArray
    figures: Agreement
    differences: tuple[str, ...]
    offset_u_deg: float
    offset_z: float
    verdict: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two files side by side; differences are A - B.

    Attributes
    ----------
    a, b : str
        Names of the files.
    rate_hz : float
        Of the common times: that of the coarser one.
    lag : Lag
        How much later the clock of B shows the same instant.
    lag_words : str
        How it came about, for the user.
    angles : tuple of ComparedAngle
    left_out : mapping of str to str
        Angles of both that are not compared, and why.
    notes : tuple of str
    """

    a: str
    b: str
    rate_hz: float
    lag: Lag
    lag_words: str
    angles: tuple[ComparedAngle, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...] = ()
