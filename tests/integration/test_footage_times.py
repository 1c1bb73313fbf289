"""Frame times of footage that is named almost as the cameras are: matched as keypoints are, told, never left out."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from calibration.files import write_rig
from calibration.synthetic import ring_rig
from mocap.config.session import read_session
from mocap.errors import MocapError
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.detection_camera import CameraOutcome, _rate_hz
from mocap.pipeline.detection_footage import _joint_rate
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.notes import notes_of
from mocap.pipeline.reconstruction import reconstruct_trial
from mocap.pipeline.synchronisation import known_clocks
from mocap.readers.video import read_video_info
from mocap.synthetic import default_subject, free_motion, observe
from mocap.trial import Points3D, Trial

RATE_HZ, LOST = 50, np.arange(40, 55)
RIG = ring_rig(3, 3)
SESSION = (
    '[session]\nid = "s"\n[calibration]\nfile = "calibration.toml"\n[keypoints]\nsource = "{source}"\n'
    '[[trial]]\nname = "a"\nfiles = "clips"\n{cameras}'
)


def film(path: Path, frames: np.ndarray) -> None:
    """Frames of these numbers, each shown when it was taken."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for frame in frames:
            image = av.VideoFrame.from_ndarray(np.full((48, 64), 60 + int(frame) % 90, np.uint8), format="gray")
            image.pts, image.time_base = int(frame) * 1000 // RATE_HZ, Fraction(1, 1000)
            container.mux(stream.encode(image.reformat(format="yuv420p")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def truth() -> Points3D:
    points = free_motion(default_subject(seed=1), 2.0, seed=2).points
    return Points3D(points.position[::2, ::3], points.names[::3], RATE_HZ)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, truth: Points3D) -> Path:
    """A recording whose last camera dropped a burst of frames; its container tells it, its keypoints do not."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "clips").mkdir()
    whole = observe(truth, RIG, 5, pixel_sigma=1.0).keypoints
    kept = np.delete(np.arange(whole.n_frames), LOST)
    pixels, confidence = np.array(whole.pixels), np.array(whole.confidence)
    pixels[2, : len(kept)], pixels[2, len(kept) :] = whole.pixels[2, kept], np.nan
    confidence[2, len(kept) :] = 0
    write_keypoint_table(folder / "a.parquet", replace(whole, pixels=pixels, confidence=confidence), RIG.names)
    for number in range(3):
        film(folder / "clips" / f"Cam{number:02d}.mp4", kept if number == 2 else np.arange(whole.n_frames))
    write_rig(folder / "calibration.toml", RIG)
    return folder


def reconstructed(folder: Path, source: str, cameras: str = "") -> Trial:
    (folder / "session.toml").write_text(SESSION.format(source=source, cameras=cameras))
    session = read_session(folder)
    how = KeypointInput(rate_hz=RATE_HZ)
    return reconstruct_trial(
        folder / "a.parquet", RIG, how, clocks_of=lambda seen: known_clocks(session, folder, session.trial[0], seen,
                                                                            RIG.names)
    )  # fmt: skip


@pytest.mark.parametrize("source", ["video", "files"])
def test_times_of_footage_in_another_spelling_are_used_and_told(recorded: Path, truth: Points3D, source: str) -> None:
    trial = reconstructed(recorded, source)
    assert "container" in trial.timeline.source
    notes = notes_of(trial)
    assert "frames of each camera are placed by the times in the container of its footage" in notes
    assert any("footage of cam_0 from Cam00, cam_1 from Cam01, cam_2 from Cam02" in note for note in notes)
    seen = np.isfinite(trial.keypoints.pixels[2]).all(axis=(1, 2))
    np.testing.assert_array_equal(np.flatnonzero(~seen), LOST)
    after = trial.points.position[55:] - truth.position[55 : trial.points.n_frames]
    assert np.median(np.linalg.norm(after, axis=2)) < 0.006  # m; measured 0.0042, NaN without the times
    assert not [verdict for verdict in trial.quality if "clock" in verdict.name and not verdict.passed]


def test_footage_of_nobody_knows_which_camera_is_told_or_refused(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for file in (recorded / "clips").iterdir():
        (tmp_path / "clips" / f"{file.stem.translate(str.maketrans('012', 'xyz'))}.mp4").write_bytes(file.read_bytes())
    for name in ("a.parquet", "calibration.toml"):
        (tmp_path / name).write_bytes((recorded / name).read_bytes())
    trial = reconstructed(tmp_path, "files")
    assert "container" not in trial.timeline.source
    (told,) = [note for note in notes_of(trial) if "do not tell of which cameras" in note]
    assert "frame times are not used" in told and "Camxx.mp4" in told
    with pytest.raises(MocapError, match="FOOTAGE_NAMES"):
        reconstructed(tmp_path, "video")
    named = '[cameras]\ncam_0 = "Camxx.*"\ncam_1 = "Camxy.*"\ncam_2 = "Camxz.*"\n'
    assert "container" in reconstructed(tmp_path, "video", named).timeline.source


def test_a_rate_alone_is_told(recorded: Path) -> None:
    trial = reconstruct_trial(recorded / "a.parquet", RIG, KeypointInput(rate_hz=RATE_HZ))
    (told,) = [note for note in notes_of(trial) if "evenly spaced" in note]
    assert told == "frames of each camera are taken as evenly spaced at 50.00 Hz: nothing else was told of them"


def test_clocks_follow_the_names_too(recorded: Path, mocap_cli) -> None:
    (recorded / "session.toml").write_text(SESSION.format(source="video", cameras=""))
    (recorded / "keypoints").mkdir(exist_ok=True)
    (recorded / "keypoints" / "a.parquet").write_bytes((recorded / "a.parquet").read_bytes())
    (recorded / "session.toml").write_text(SESSION.format(source="video", cameras="[sync]\nrate_hz = 50\n"))
    done = mocap_cli("sync", recorded)
    assert done.status == 0, done.err
    assert "15 frames dropped in 1 place" in done.out and "cam_2 from Cam02" in done.out


def test_a_dropped_burst_does_not_change_the_rate(recorded: Path) -> None:
    rates = [_rate_hz(read_video_info(file)) for file in sorted((recorded / "clips").iterdir())]
    assert rates == pytest.approx([50.0] * 3, rel=1e-6)  # by the mean over all gaps the last has 42.9
    outcomes = [CameraOutcome(str(rate), "done", {"rate_hz": rate}) for rate in rates]
    assert _joint_rate(outcomes) == pytest.approx(50.0, rel=1e-6)
    other = CameraOutcome("other", "done", {"rate_hz": 25.0})
    assert _joint_rate([*outcomes, other]) is None
    assert _joint_rate([*outcomes, CameraOutcome("images", "done", {"rate_hz": None})]) is None
