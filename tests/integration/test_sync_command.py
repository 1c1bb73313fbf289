"""`mocap sync` on sessions whose clocks are known: videos with a lamp and claps, keypoints with a late camera."""

import json
import re
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
from mocap.pipeline.synchronisation import known_clocks
from mocap.pipeline.synchronisation_file import read_sync
from mocap.pipeline.trial_people import UNSETTLED, settled_participant
from mocap.synthetic import default_subject, free_motion, observe, squat
from mocap.trial import Points3D, Verdict

SESSION = '[session]\nid = "s"\n[calibration]\nfile = "calibration.toml"\n[sync]\nrate_hz = {rate}\n'
TRIAL = '[[trial]]\nname = "a"\nfiles = "{files}"\n'
AUDIO_HZ = 16000


def scene_sound(rng, seconds: float) -> np.ndarray:
    sound = 0.002 * rng.standard_normal(int(seconds * AUDIO_HZ))
    for at in rng.uniform(0, seconds - 0.2, 6):
        start, clap = int(at * AUDIO_HZ), np.exp(-np.arange(1600) / 200) * rng.standard_normal(1600)
        sound[start : start + 1600] += 0.3 * clap
    return sound.astype(np.float32)


def film(path: Path, times: np.ndarray, lamp: tuple[float, float], exposure: float, sound=None, rng=None) -> None:
    """Frames taken at common `times`, presented from 0 on; a small lamp burns from lamp[0] to lamp[1]."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=50)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10000)
        stream.options = {"crf": "10"}
        audio = container.add_stream("pcm_s16le", rate=AUDIO_HZ, layout="mono") if sound is not None else None
        for time in times:
            lit = np.clip(min(time + exposure / 2, lamp[1]) - max(time - exposure / 2, lamp[0]), 0, None) / exposure
            image = np.full((64, 96), 90.0) + rng.normal(0, 1.0, (64, 96))
            image[40:56, 70:90] += 120 * lit
            frame = av.VideoFrame.from_ndarray(np.clip(image, 16, 235).astype(np.uint8), format="gray")
            frame.pts, frame.time_base = round((time - times[0]) * 10000), Fraction(1, 10000)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
        if audio is not None:
            first, last = int(times[0] * AUDIO_HZ), int(times[-1] * AUDIO_HZ)
            part = (np.clip(sound[first:last], -1, 1) * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = AUDIO_HZ, 0, Fraction(1, AUDIO_HZ)
            container.mux(audio.encode(frame))
            container.mux(audio.encode())


STARTS = (0.5, 0.5312, 0.6407)  # when the cameras were started, s
LOST = np.arange(100, 105)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filmed")
    rng = np.random.default_rng(4)
    sound = scene_sound(rng, 6.0)
    (folder / "clips").mkdir()
    for number, start in enumerate(STARTS):
        times = start + np.arange(200) / 50
        times = np.delete(times, LOST) if number == 2 else times
        film(folder / "clips" / f"cam_{number}.mov", times, (2.013, 2.137), 0.018, sound, rng)
    (folder / "session.toml").write_text(SESSION.format(rate=50) + TRIAL.format(files="clips"))
    return folder


@pytest.mark.parametrize(("method", "limit_s"), [("flash", 0.004), ("sound", 0.0005)])  # 0.0009 and 0.00004 s measured
def test_videos_are_set_by_a_lamp_and_by_sound(filmed: Path, tmp_path: Path, mocap_cli, method, limit_s) -> None:
    done = mocap_cli("sync", filmed, "--method", method, "--out", tmp_path, "--json")
    assert done.status == 0, done.err
    (trial,) = json.loads(done.out)["trials"]
    offset = np.array([row["offset_s"] for row in trial["cameras"]])
    # Each container counts from its own first frame: clocks differ by when the cameras were started.
    assert np.abs(np.diff(offset) + np.diff(STARTS)).max() < limit_s
    assert [row["source"] for row in trial["cameras"]] == ["container"] * 3
    assert [row["dropped_after"] for row in trial["cameras"]] == [[], [], [[99, 5]]]
    assert any("cam_2" in words and "frames" in words for words in trial["words"])
    assert any("5 frames dropped in 1 place" in note for note in trial["notes"])
    times, estimate, index = read_sync(tmp_path / "a.json")
    assert estimate.method == method
    assert times.source == ("container",) * 3
    np.testing.assert_allclose(estimate.offset_s, offset)
    assert (index[2] >= 0).sum() == 195


def test_auto_takes_the_lamp_and_says_why_not_the_others(filmed: Path, mocap_cli) -> None:
    done = mocap_cli("sync", filmed)
    assert done.status == 0, done.err
    assert "a: by flash" in done.out
    assert "The sound of cam_0, cam_1, cam_2 agrees with the flash to within" in done.out
    assert "not confirmed" not in done.out
    assert "tried motion: Movement tells clocks only with keypoints and a calibration" in done.out
    assert (filmed / "sync" / "a.json").is_file()
    assert "1 trial found, 1 done, 0 refused" in done.out


@pytest.mark.parametrize("heard", [True, pytest.param(False, marks=pytest.mark.heavy)])
def test_a_lamp_of_its_own_is_not_taken_for_the_flash_of_the_others(tmp_path: Path, mocap_cli, heard: bool) -> None:
    rng = np.random.default_rng(4)
    sound = scene_sound(rng, 6.0) if heard else None
    (tmp_path / "clips").mkdir()
    for number, start in enumerate(STARTS):
        lamp = (3.513, 3.637) if number == 2 else (2.013, 2.137)
        film(tmp_path / "clips" / f"cam_{number}.mov", start + np.arange(200) / 50, lamp, 0.018, sound, rng)
    (tmp_path / "session.toml").write_text(SESSION.format(rate=50) + TRIAL.format(files="clips"))
    done = mocap_cli("sync", tmp_path)
    assert done.status == 0, done.err
    _, estimate, _ = read_sync(tmp_path / "sync" / "a.json")
    if not heard:
        assert "rests on one flash alone, which is not confirmed" in done.out
        return
    assert "a: by sound" in done.out and "tried flash: " in done.out
    said = re.search(r"'cam_2' they contradict each other: (\S+) frames by flash, (\S+) by sound", done.out)
    assert said is not None
    # By the first camera's clock, 0.1407 s and the 1.5 s between the lamps.
    assert [float(frames) for frames in said.groups()] == pytest.approx([-67.97, 7.04], abs=0.3)  # -68.0 and 7.0
    assert np.abs(np.diff(estimate.offset_s) + np.diff(STARTS)).max() < 0.0005  # 0.00001 measured


def test_one_light_that_not_all_cameras_saw_is_taken_on_request_alone(tmp_path: Path, mocap_cli) -> None:
    rng = np.random.default_rng(4)
    (tmp_path / "clips").mkdir()
    for number, start in enumerate(STARTS):
        lamp = (90.0, 90.1) if number == 2 else (2.013, 2.137)
        film(tmp_path / "clips" / f"cam_{number}.mov", start + np.arange(200) / 50, lamp, 0.018, None, rng)
    (tmp_path / "session.toml").write_text(SESSION.format(rate=50) + TRIAL.format(files="clips"))
    for method, told in (("auto", [False, False, False]), ("flash", [True, True, False])):
        done = mocap_cli("sync", tmp_path, "--method", method)
        assert done.status == 0, done.err
        _, estimate, _ = read_sync(tmp_path / "sync" / "a.json")
        assert estimate.estimable.tolist() == told and "rests on one flash alone" in done.out
        assert ("it is taken by --method flash alone" in done.out) == (method == "auto")
        assert not estimate.shifted[~estimate.estimable].any()


def test_times_of_one_recorder_need_nothing_else(filmed: Path, tmp_path: Path, mocap_cli) -> None:
    rows = ["cam_id,sync_index,frame_time"]
    for number, start in enumerate(STARTS):
        kept = np.delete(np.arange(200), LOST) if number == 2 else np.arange(200)
        rows += [f"{number},{k},{start + slot / 50:.6f}" for k, slot in enumerate(kept)]
    times = filmed / "clips" / "timestamps.csv"
    times.write_text("\n".join(rows))
    try:
        done = mocap_cli("sync", filmed, "--out", tmp_path)
    finally:
        times.unlink()
    assert done.status == 0, done.err
    assert "a: by timestamps" in done.out
    assert "Camera 'cam_2' began 140" in done.out or "Camera 'cam_2' began 141" in done.out
    read, estimate, _ = read_sync(tmp_path / "a.json")
    assert (estimate.offset_s == 0).all()
    np.testing.assert_allclose(read.time_s[:, 0] - read.time_s[0, 0], np.array(STARTS) - STARTS[0], atol=1e-6)


def test_keypoints_alone_tell_a_late_camera(tmp_path: Path, mocap_cli) -> None:
    rig = ring_rig(4, 3)
    points = squat(default_subject(1.75, seed=1), 1, wink_deg=10, wink_onset=0.8, rate_hz=100.0).points
    seen = observe(points, rig, 5, pixel_sigma=1.0, desync_frames=[0, 0, 4.3, 0]).keypoints
    write_rig(tmp_path / "calibration.toml", rig)
    write_keypoint_table(tmp_path / "a.parquet", seen, rig.names)
    (tmp_path / "session.toml").write_text(SESSION.format(rate=100) + TRIAL.format(files="a.parquet"))
    done = mocap_cli("sync", tmp_path)
    assert done.status == 0, done.err
    assert "a: by motion" in done.out
    _, estimate, _ = read_sync(tmp_path / "sync" / "a.json")
    assert estimate.offset_s[2] * 100 == pytest.approx(4.3, abs=0.2)
    assert estimate.shifted.tolist() == [False, False, True, False]
    assert "nominal rate" in done.out
    session = read_session(tmp_path)
    ordered, times, known = known_clocks(session, tmp_path, session.trial[0], seen, rig.names)
    np.testing.assert_array_equal(ordered.pixels, seen.pixels)
    assert times is not None and times.source == ("nominal rate",) * 4
    assert known is not None and known.offset_s[2] == estimate.offset_s[2]
    with pytest.raises(MocapError, match="SYNC_OTHER"):
        known_clocks(session, tmp_path, session.trial[0], seen, rig.names[::-1])
    write_keypoint_table(tmp_path / "a.parquet", observe(points, rig, 6).keypoints, rig.names)
    with pytest.raises(MocapError, match="changed since"):
        known_clocks(session, tmp_path, session.trial[0], seen, rig.names)
    (tmp_path / "sync" / "a.json").unlink()
    assert known_clocks(session, tmp_path, session.trial[0], seen, rig.names)[1:] == (None, None)


def test_people_that_the_clocks_leave_unsettled_are_told(tmp_path: Path, mocap_cli, monkeypatch) -> None:
    rig = ring_rig(3, 3)
    seen = observe(squat(default_subject(1.75, seed=1), 1, rate_hz=100.0).points, rig, 5).keypoints
    write_rig(tmp_path / "calibration.toml", rig)
    write_keypoint_table(tmp_path / "a.parquet", seen, rig.names)
    (tmp_path / "session.toml").write_text(SESSION.format(rate=100) + TRIAL.format(files="a.parquet"))

    def unsettled(*arguments):
        loaded, found = settled_participant(*arguments)
        return replace(loaded, verdicts=(Verdict(UNSETTLED, 9.0, 3.0, "frames", False, "who is who is open"),)), found

    monkeypatch.setattr("mocap.pipeline.synchronisation.settled_participant", unsettled)
    done = mocap_cli("sync", tmp_path)
    assert done.status == 0 and "who is who is open" in done.out
    assert "who is who is open" in read_sync(tmp_path / "sync" / "a.json")[1].words


def test_a_method_without_its_input_is_refused_by_name(tmp_path: Path, filmed: Path, mocap_cli) -> None:
    done = mocap_cli("sync", filmed, "--method", "timestamps", "--out", tmp_path)
    assert done.status == 1
    assert "error a: SYNC_NO_INPUT" in done.err
    assert mocap_cli("sync", filmed, "--method", "guess").error_line.startswith("error SYNC_METHOD")
    (tmp_path / "a.json").write_text("somebody's own")
    assert "OUTPUT_OTHER" in mocap_cli("sync", filmed, "--out", tmp_path).err


def test_frames_that_were_lost_are_told_with_the_clocks(tmp_path: Path, mocap_cli) -> None:
    rig = ring_rig(3, 3)
    points = free_motion(default_subject(seed=1), 3.0, seed=2).points
    some = Points3D(points.position[:, ::4], points.names[::4], points.rate_hz)
    whole = observe(some, rig, 5, pixel_sigma=1.0).keypoints
    pixels, confidence = np.array(whole.pixels), np.array(whole.confidence)
    pixels[1, 201:-12], pixels[1, -12:] = whole.pixels[1, 213:], np.nan
    confidence[1, -12:] = 0
    write_rig(tmp_path / "calibration.toml", rig)
    write_keypoint_table(tmp_path / "a.parquet", replace(whole, pixels=pixels, confidence=confidence), rig.names)
    (tmp_path / "session.toml").write_text(SESSION.format(rate=100) + TRIAL.format(files="a.parquet"))
    done = mocap_cli("sync", tmp_path)
    assert done.status == 0 and "Camera 'cam_1' lost 12 frames after frame 200" in done.out, done.out
    assert "holds for the longer part alone" in done.out


def test_dates_are_times_and_rows_of_nobody_are_refused(filmed: Path, tmp_path: Path, mocap_cli) -> None:
    rows = ["cam_id,capture_time"]
    for number, start in enumerate(STARTS):
        slots = np.delete(np.arange(200), LOST) if number == 2 else np.arange(200)
        rows += [f"{number},2026-03-01T23:59:{57 + start + s / 50:09.6f}+02:00" for s in slots if start + s / 50 < 3]
        rows += [f"{number},2026-03-02T00:00:{start + s / 50 - 3:09.6f}+02:00" for s in slots if start + s / 50 >= 3]
    times = filmed / "clips" / "timestamps.csv"
    try:
        times.write_text("\n".join(rows))
        done = mocap_cli("sync", filmed, "--out", tmp_path)
        assert done.status == 0 and "a: by timestamps" in done.out, done.err
        read, _, _ = read_sync(tmp_path / "a.json")
        np.testing.assert_allclose(read.time_s[:, 0] - read.time_s[0, 0], np.array(STARTS) - STARTS[0], atol=1e-6)
        times.write_text("\n".join(row.split(",")[1] for row in rows[1:] if "T23" in row or "T00" in row))
        refused = mocap_cli("sync", filmed, "--out", tmp_path)
        assert "FRAME_TIMES_FORMAT: timestamps.csv has 595 rows for the 200 frames" in refused.err
        times.write_text("cam_id,capture_time\n0,2026-13-01T00:00:00")
        assert "has '2026-13-01T00:00:00' for the time" in mocap_cli("sync", filmed, "--out", tmp_path).err
    finally:
        times.unlink()
