"""Every file that went into a trial leaves its digest, also where two have one name."""

from pathlib import Path

from mocap.pipeline.calibration_recordings import RecordingPaths, named_digests, recording_digests


def test_files_of_one_name_in_two_folders_both_leave_their_digest(tmp_path: Path) -> None:
    for folder in "abc":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "star.h5").write_text("same" if folder == "c" else folder)
    paths = tuple(tmp_path / folder / "star.h5" for folder in "ab")
    found = recording_digests(RecordingPaths(functional_hip=paths))
    assert list(found) == ["star.h5", "star.h5 (2)"] and len(set(found.values())) == 2
    # The trial itself may have that name, too; and the same file twice is one.
    told = named_digests(paths, {"star.h5": "0" * 64})
    assert list(told) == ["star.h5 (2)", "star.h5 (3)"]
    assert list(told.values()) == list(found.values())
    assert recording_digests(RecordingPaths(functional_hip=paths), {"star.h5": "0" * 64}) == told
    assert list(named_digests([*paths, *paths])) == list(found)
