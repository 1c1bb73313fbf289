"""Where the session of a trial file is looked for."""

import pytest

from mocap.pipeline.session_place import session_around


@pytest.mark.parametrize(("session", "trial"), [
    ("s", "s/results/squat.h5"), ("s", "s/squat.h5"), ("s", "s/results/again/squat.h5"),
    ("demo/session", "demo/results/squat.h5"), ("demo/session", "demo/trial.h5"),
])  # fmt: skip
def test_a_session_lies_above_its_results_or_beside_them(tmp_path, session, trial):
    folder = tmp_path / session
    folder.mkdir(parents=True)
    assert session_around(tmp_path / trial) is None
    (folder / "session.toml").touch()
    assert session_around(tmp_path / trial) == folder
