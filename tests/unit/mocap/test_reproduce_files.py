"""Inputs of a trial are found by name and content, and nothing is written outside the temporary folder."""

import hashlib
from pathlib import Path

import pytest

from mocap.errors import SourceError, TrialFileError
from mocap.pipeline.reproduce_files import Places, laid_out
from mocap.trial import StepInput


def wanted(name: str, content: bytes = b"right") -> StepInput:
    return StepInput("file", name, hashlib.sha256(content).hexdigest())


def test_an_input_is_the_file_of_that_name_with_that_content(tmp_path: Path) -> None:
    session, more = tmp_path / "session", tmp_path / "more" / "deep"
    (session / "results").mkdir(parents=True)
    more.mkdir(parents=True)
    (session / "session.toml").touch()
    (session / "a.trc").write_bytes(b"wrong")
    places = Places(session / "results" / "t.h5", None)
    with pytest.raises(SourceError, match=r"REPRODUCE_CHANGED: The input a\.trc is not as it was"):
        places.found(wanted("a.trc"))
    with pytest.raises(SourceError, match=r"REPRODUCE_MISSING: The input b\.trc is not there"):
        places.found(wanted("b.trc"))
    (more / "a.trc").write_bytes(b"right")
    assert Places(session / "results" / "t.h5", tmp_path / "more").found(wanted("a.trc")) == more / "a.trc"
    (session / "a.trc").write_bytes(b"right")
    assert places.found(wanted("a.trc")) == session / "a.trc"


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/../../secret"])
def test_a_name_that_leads_out_is_not_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"right")
    with pytest.raises(SourceError, match="REPRODUCE_MISSING"):
        Places(tmp_path / "in" / "t.h5", None).found(wanted(name))


def test_nothing_is_written_through_a_link_into_the_inputs(tmp_path: Path) -> None:
    footage, root = tmp_path / "footage", tmp_path / "root"
    footage.mkdir(), root.mkdir()
    (footage / "cam.avi").touch()
    (tmp_path / "k.parquet").touch()
    with pytest.raises(TrialFileError, match="REPRODUCE_UNKNOWN"):
        laid_out(root, [(footage, root / "walk"), (tmp_path / "k.parquet", root / "walk" / "deep" / "k.parquet")])
    laid_out(root, [(footage / "cam.avi", root / "walk" / "cam.avi")])
    assert [path.name for path in footage.iterdir()] == ["cam.avi"]
    assert (root / "walk").resolve() == footage
