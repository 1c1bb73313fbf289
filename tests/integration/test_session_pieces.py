"""A session made in pieces, as by several processes: the same files as by one run, and nothing written twice."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from mocap.config.session import read_session
from mocap.errors import SourceError
from mocap.pipeline.record import RECORD_NAME, StageRecord, records_apart
from mocap.pipeline.run_lock import sole_run
from mocap.pipeline.session import run_session
from mocap.pipeline.session_tasks import begin_session, end_session, make_trial, session_pieces
from mocap.storage import writing
from tests.fixtures.small_session import silent, small_session

FILES = ("standing.h5", "squat.h5", "hinge.h5", "calibration.toml", RECORD_NAME)
HINGE = """[[trial]]
name = "hinge"
task = "hinge"
files = "squat.parquet"
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with a static, a squat and another test, that was run."""
    folder = small_session(tmp_path_factory.mktemp("pieces") / "session")
    file = folder / "session.toml"
    file.write_text(file.read_text("utf-8").replace("[options.k", f"{HINGE}[options.k"), encoding="utf-8")
    run_session(folder, folder / "whole", silent)
    return folder


def test_what_others_refer_to_comes_first_and_what_takes_up_others_last(small: Path) -> None:
    pieces = session_pieces(read_session(small))
    assert (pieces.first, pieces.free, pieces.last) == (("standing",), ("hinge",), ("squat",))


def test_pieces_give_the_same_bytes_as_one_run_and_are_skipped_when_nothing_changed(small: Path) -> None:
    out = small / "pieces"
    begun = begin_session(small, out, silent)
    record = (out / RECORD_NAME).read_bytes()
    assert [make_trial(small, out, name, begun, silent).state for name in ("hinge", "squat")] == ["done", "done"]
    assert (out / RECORD_NAME).read_bytes() == record and len(records_apart(out)) == 2
    # What a piece recorded counts before the end: one that is started again finds it done.
    assert make_trial(small, out, "hinge", begun, silent).state == "skipped"
    assert end_session(small, out, silent) == ()
    assert records_apart(out) == []
    for name in FILES:
        assert (out / name).read_bytes() == (small / "whole" / name).read_bytes(), name
    assert {one.state for one in run_session(small, out, silent).outcomes} == {"skipped"}


def test_a_run_after_pieces_without_an_end_takes_their_records_in(small: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(small / "whole", tmp_path / "out"))
    (out / "hinge.h5").unlink()
    make_trial(small, out, "hinge", begin_session(small, out, silent), silent)
    assert len(records_apart(out)) == 1
    assert {one.state for one in run_session(small, out, silent).outcomes} == {"skipped"}
    assert records_apart(out) == []
    assert (out / RECORD_NAME).read_bytes() == (small / "whole" / RECORD_NAME).read_bytes()


def test_a_refused_piece_leaves_no_record_of_its_older_result(small: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "session"))
    out = folder / "whole"
    begun = begin_session(folder, out, silent)
    (folder / "squat.parquet").write_bytes(b"no table")
    outcome = make_trial(folder, out, "hinge", begun, silent)
    assert outcome.state == "refused" and outcome.code and "kept as hinge.outdated.h5" in outcome.text
    assert "hinge.h5" not in StageRecord(out).outputs
    end_session(folder, out, silent)
    assert "hinge.h5" not in (out / RECORD_NAME).read_text("utf-8")


def test_pieces_wait_for_a_run_of_the_whole_and_it_is_refused_beside_them(small: Path) -> None:
    out = small / "whole"
    begun = begin_session(small, out, silent)
    with sole_run(out), pytest.raises(SourceError, match="RUN_IN_PROGRESS"):
        make_trial(small, out, "squat", begun, silent)
    with sole_run(out, shared=True):
        assert make_trial(small, out, "squat", begun, silent).state == "skipped"
        with pytest.raises(SourceError, match="RUN_IN_PROGRESS"):
            run_session(small, out, silent)


def test_a_piece_waits_for_its_twin_and_keeps_what_that_wrote(small: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(small / "whole", tmp_path / "out"))
    begun = begin_session(small, out, silent)
    (out / RECORD_NAME).write_text("{}")
    held, released = threading.Event(), threading.Event()

    def twin() -> None:
        with writing(out / "squat.h5"):
            held.set()
            time.sleep(0.6)
            released.set()

    thread = threading.Thread(target=twin)
    thread.start()
    held.wait()
    refused = make_trial(small, out, "squat", begun, silent)
    assert refused.code == "WRITER_BUSY" and (out / "squat.h5").is_file()
    outcome = make_trial(small, out, "squat", begun, silent, wait_s=20.0)
    assert outcome.state == "done" and released.is_set()
    thread.join()
