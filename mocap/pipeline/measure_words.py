"""Say with every measure of the body what its points went through, and what is not known of the vertical."""

from dataclasses import replace

from mocap.trial import Measure, Segments

_NEEDS_NO_VERTICAL = ("angular_velocity_",)


def with_measure_words(segments: Segments, points: str, doubt: str = "") -> Segments:
    """Return the segments with the point method, and a doubt about gravity, in the words of their measures.

    Parameters
    ----------
    segments : Segments
    points : str
        How the points became those that were used.
    doubt : str
        Why the vertical is in doubt; empty where it is not.
    """
    return replace(segments, measures=tuple(_told(one, points, doubt) for one in segments.measures))


def _told(one: Measure, points: str, doubt: str) -> Measure:
    if not one.observable:
        return one
    reason = one.reason
    if doubt and not one.name.startswith(_NEEDS_NO_VERTICAL):
        reason = f"{reason}; {doubt}" if reason else doubt
    return replace(one, method=f"{one.method}; points: {points}", reason=reason)
