"""Points that freeze, leap or stray in a motion file are told by name and time when it is read, and never hidden."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mocap.cli import app
from mocap.synthetic import default_subject, squat


def write_trc(path, names, position, rate_hz):
    """A TRC file in m with Y up, as other programs write them."""
    rows = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate_hz}\t{rate_hz}\t{len(position)}\t{len(names)}\tm\t{rate_hz}\t1\t{len(position)}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(names)) for axis in "XYZ"),
        "",
    ]
    for frame, points in enumerate(position):
        values = "\t".join(f"{value:.6f}" for value in points[:, [1, 2, 0]].ravel())
        rows.append(f"{frame + 1}\t{frame / rate_hz:.5f}\t{values}")
    path.write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize(
    ("fault", "verdict"), [(None, None), ("frozen", "frozen points"), ("leap", "leaps"), ("stray", "stray samples")]
)
def test_a_planted_fault_is_told_by_name_and_time(tmp_path, fault, verdict):
    points = squat(default_subject(), repetitions=1).points
    position = points.position + np.random.default_rng(0).normal(0, 0.001, points.position.shape)
    column = points.names.index("RHEEL")
    if fault == "frozen":
        position[150:153, column] = position[150, column]
    elif fault == "leap":
        position[150, column] += [0.0, 0.0, 0.35]
    elif fault == "stray":
        position[150, column] += [0.05, 0.0, 0.0]
    write_trc(tmp_path / "a.trc", points.names, position, 100.0)
    out = CliRunner().invoke(app, ["import", str(tmp_path / "a.trc"), "--out", str(tmp_path / "a.h5"), "--json"])
    assert out.exit_code == 0, out.output
    quality = json.loads(out.stdout)["quality"]
    assert [v["name"] for v in quality if not v["passed"]] == ([verdict] if verdict else [])
    if verdict:
        assert "RHEEL" in next(v["text"] for v in quality if v["name"] == verdict)
