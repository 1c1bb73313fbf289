"""Times of frames as a recorder wrote them: matched by camera and place, refused when they are of other footage."""

from pathlib import Path

import numpy as np
import pytest

from mocap.errors import MocapError
from mocap.pipeline.frame_times import find_frame_times, read_frame_times, spread_sentence

HEAD = "sync_index,cam_id,frame_index,frame_time\n"
ROWS = "".join(f"{7 + k},{c},{7 + k},{10 + 0.1 * k + 0.002 * c}\n" for k in (2, 0, 1) for c in (0, 1))


def written(folder: Path, text: str) -> Path:
    path = folder / "timestamps.csv"
    path.write_text(text)
    return path


def test_times_are_those_of_the_camera_and_the_frame(tmp_path: Path) -> None:
    times = read_frame_times(written(tmp_path, HEAD + ROWS), ("cam_1", "cam_0"), np.array([0, 2]))
    np.testing.assert_allclose(times, [[0.002, 0.202], [0.0, 0.2]], atol=1e-9)  # since the first
    assert "2.0 ms apart in the median, at most 2 ms" in spread_sentence(times, np.ones((2, 2), bool))
    assert spread_sentence(times, np.eye(2, dtype=bool)) == ""


@pytest.mark.parametrize(
    ("text", "names", "code"),
    [
        (HEAD + ROWS, ("cam_0", "cam_2"), "FRAME_TIMES_FORMAT"),
        (HEAD + ROWS, ("side",), "FRAME_TIMES_FORMAT"),
        (HEAD + "7,0,7,10\n", ("cam_0",), "FRAME_TIMES_SHORT"),
        (HEAD + "7,0,7,ten\n", ("cam_0",), "FRAME_TIMES_FORMAT"),
        ("a,b\n1,2\n", ("cam_0",), "FRAME_TIMES_FORMAT"),
        (HEAD, ("cam_0",), "FRAME_TIMES_FORMAT"),
        ("", ("cam_0",), "FILE_EMPTY"),
        ("frame_time\n7\n8\n9\n", ("cam_0",), "FRAME_TIMES_FORMAT"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, names: tuple[str, ...], code: str) -> None:
    with pytest.raises(MocapError) as refused:
        read_frame_times(written(tmp_path, text), names, np.array([0, 2]))
    assert refused.value.code == code


def test_slow_footage_is_in_seconds_and_a_named_unit_goes_before(tmp_path: Path) -> None:
    rows = "".join(f"{k},0,{k},{0.7 * k}\n" for k in range(3))
    times = read_frame_times(written(tmp_path, HEAD + rows), ("cam_0",), np.arange(3))
    np.testing.assert_allclose(times, [[0, 0.7, 1.4]])  # a rate that no unit makes a usual one
    times = read_frame_times(written(tmp_path, HEAD.replace("time", "time_ms") + rows), ("cam_0",), np.arange(3))
    np.testing.assert_allclose(times, [[0, 0.0007, 0.0014]])


def test_only_a_file_with_such_columns_is_found_by_itself(tmp_path: Path) -> None:
    assert find_frame_times(tmp_path) is None
    assert find_frame_times(written(tmp_path, HEAD + ROWS)) is None  # a file is no folder
    assert find_frame_times(tmp_path) == tmp_path / "timestamps.csv"
    written(tmp_path, "time\n1\n")
    assert find_frame_times(tmp_path) is None
    with pytest.raises(MocapError) as refused:
        read_frame_times(tmp_path / "none.csv", ("cam_0",), np.array([0]))
    assert refused.value.code == "FILE_MISSING"
