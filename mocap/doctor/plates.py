"""Whether the plates of a session are seen in its videos."""

from collections.abc import Iterator, Sequence

import numpy as np

from mocap.config.plates import PlateSet
from mocap.doctor.clips import Clip
from mocap.doctor.finding import LOOK, STOP, Finding
from mocap.keypoints.plates import TrackingOptions, make_plate_detector


def plate_findings(clips: Sequence[Clip], plates: PlateSet) -> Iterator[Finding]:
    """Yield what is wrong with the plates in the videos of a trial.

    Parameters
    ----------
    clips : sequence of Clip
        Of one trial.
    plates : PlateSet
    """
    seen: dict[str, int] = {}
    for clip in clips:
        # The pictures are far apart in time: nothing is followed from one to the next.
        detector = make_plate_detector(plates, clip.size, TrackingOptions(enabled=False))
        found = [image for image in clip.pictures.values() if np.isfinite(detector.detect(image).pixels).any()]
        seen[clip.camera] = len(found)
    if not seen:
        return
    place = clips[0].place
    if not any(seen.values()):
        yield Finding(
            "PLATES_NOT_SEEN", STOP, place, "No tag of the plates is found in the pictures that were looked at.",
            "Check that the plates are those of plates.toml, printed on matt paper, large enough and in focus.",
        )  # fmt: skip
        return
    if sum(count > 0 for count in seen.values()) < 2:
        names = ", ".join(camera for camera, count in seen.items() if count)
        yield Finding(
            "PLATES_FEW_CAMERAS", LOOK, place, f"Tags of the plates are found by {names} alone.",
            "Turn the plates or the cameras so that two see each plate; one alone measures no depth.",
        )  # fmt: skip
