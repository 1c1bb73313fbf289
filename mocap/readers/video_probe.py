"""Videos that another library will read in this process are gone through in the process with limits first."""

from collections.abc import Iterable

from calibration.sources import CameraSource
from mocap.errors import MocapError, SourceError
from mocap.isolation import Lost, parse


def probe_videos(sources: Iterable[CameraSource]) -> None:
    """Go through the headers of videos where they can do no harm; images are left out.

    What is merely wrong with a video is left to its reader, which may get along with it.

    Raises
    ------
    SourceError
        VIDEO_UNREADABLE: the process that went through it crashed or hung.
    """
    for source in sources:
        if source.kind != "video":
            continue
        try:
            parse("video", source.path)
        except Lost as lost:
            raise SourceError(
                f"The video {source.path} cannot be read as a video ({lost}).",
                "Copy it again from the camera, or convert it to H.264 in an .mp4.", code="VIDEO_UNREADABLE",
            ) from lost  # fmt: skip
        except MocapError:
            continue
