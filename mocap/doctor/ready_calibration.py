"""A ready calibration against the session that is to use it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from calibration import CameraRig
from mocap.doctor.clips import Clip
from mocap.doctor.finding import LOOK, STOP, Finding

_OLD_DAYS = 30
_MAX_OUTSIDE = 0.1


def calibration_findings(
    rig: CameraRig, cameras: Sequence[str], clips: Sequence[Clip], day: date | None
) -> Iterator[Finding]:
    """Yield what is wrong with a ready calibration.

    Parameters
    ----------
    rig : CameraRig
        With what the session states of it, as that Z is up.
    cameras : sequence of str
        Those of the session; empty for all of the rig.
    clips : sequence of Clip
        Videos of the trials.
    day : date, optional
        Of the session.
    """
    missing = [name for name in cameras if name not in rig.names]
    if missing:
        yield Finding(
            "CAMERA_UNKNOWN", STOP, "calibration",
            f"The calibration knows no {', '.join(missing)}; it has {', '.join(rig.names)}.",
            "Name the cameras in [cameras] as the calibration does.",
        )  # fmt: skip
    sizes = {camera.name: camera.size for camera in rig}
    for clip in clips:
        yield from _size(clip, sizes)
    yield from _told(rig.metadata, day, rig.gravity_stated and rig.metadata["gravity"] != "unknown")


def _size(clip: Clip, sizes: Mapping[str, tuple[int, int]]) -> Iterator[Finding]:
    size = sizes.get(clip.camera)
    if size is None or tuple(size) == clip.size:
        return
    turned = tuple(size) == clip.size[::-1]
    yield Finding(
        "ROTATION_DIFFERS" if turned else "SIZE_DIFFERS", STOP, clip.about,
        f"The pictures are {clip.size[0]} x {clip.size[1]} px, the calibration is for {size[0]} x {size[1]} px.",
        "Turn the video as the calibration was filmed." if turned else
        "Calibrate with the resolution, crop and zoom of the trials; a video that was scaled is another camera.",
    )  # fmt: skip


def _told(metadata: Mapping[str, object], day: date | None, up_known: bool) -> Iterator[Finding]:
    if not up_known:
        yield Finding(
            "GRAVITY_UNKNOWN", LOOK, "calibration", "The calibration does not say which way is up.",
            "Film the board on the floor and calibrate with world = \"floor:0-9\", or state world = \"up:z\" if Z is "
            "up; without it no angle against gravity, as pelvic tilt, can be trusted.",
        )  # fmt: skip
    if metadata.get("verdict") == "refuse":
        yield Finding(
            "CALIBRATION_REFUSED", STOP, "calibration",
            f"Its own verdict is to refuse: {str(metadata.get('verdict_reason')).rstrip('.')}.",
            "Film the board again as its page advises, and calibrate anew.",
        )  # fmt: skip
    made = str(metadata.get("created_utc", ""))[:10]
    try:
        age = (day - date.fromisoformat(made)).days if day and made else 0
    except ValueError:
        return
    if age > _OLD_DAYS:
        yield Finding(
            "CALIBRATION_OLD", LOOK, "calibration", f"It is {age} days older than the session.",
            "Film the board today and check: mocap calibrate DIR --check calibration.toml --board board.toml.",
        )  # fmt: skip
