"""The sound of a video, read through PyAV as one channel at one rate."""

from pathlib import Path

import av
import numpy as np

from mocap.readers.video_container import opened, read_index
from mocap.sync.sound import AudioTrack

#: Enough for claps and speech, and little to keep: 10 minutes are 19 MB.
AUDIO_RATE_HZ = 8000


def read_audio(path: str | Path, *, rate_hz: int = AUDIO_RATE_HZ) -> AudioTrack | None:
    """Read the sound of a video.

    Parameters
    ----------
    path : path
    rate_hz : int
        All channels are mixed to one and resampled to this.

    Returns
    -------
    AudioTrack or None
        By the container's clock, which is that of `frame_pts_s` too; missing stretches are silent. None where the
        video has no sound.

    Raises
    ------
    SourceError
        VIDEO_MISSING, VIDEO_UNREADABLE, VIDEO_TRUNCATED
    """
    path = Path(path)
    if not read_index(path).has_audio:  # goes through the container first, in a process of its own
        return None
    pieces: list[tuple[float, np.ndarray]] = []
    with opened(path) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
        for frame in container.decode(container.streams.audio[0]):
            pieces.extend(_sound(resampler, frame))
        pieces.extend(_sound(resampler, None))
    if not pieces:
        return None
    start = pieces[0][0]
    end = max(at + len(samples) / rate_hz for at, samples in pieces)
    if not 0 <= end - start < 24 * 3600:
        return None
    whole = np.zeros(round((end - start) * rate_hz) + 1, np.float32)
    for at, samples in pieces:
        place = max(round((at - start) * rate_hz), 0)
        part = samples[: len(whole) - place]
        whole[place : place + len(part)] = np.where(np.isfinite(part), part, 0.0)
    return AudioTrack(whole, float(rate_hz), start)


def _sound(resampler: av.AudioResampler, frame: "av.AudioFrame | None") -> list[tuple[float, np.ndarray]]:
    """Return what the resampler gives back: time of the first sample, and the samples."""
    return [
        (float(part.pts * part.time_base), part.to_ndarray()[0])
        for part in resampler.resample(frame)
        if part.pts is not None and part.time_base is not None
    ]
