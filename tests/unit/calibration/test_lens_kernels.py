"""The compiled inversion of the lens against the plain one."""

import numpy as np
import pytest

from calibration import lens
from calibration.lens import distort, undistort

LENSES = {
    "ordinary": [-0.12, 0.07, 5e-4, -3e-4, -0.01],
    "folding": [-0.4, 0.02, 1e-3, 1e-3, 0.0],
    "rational": [-0.2, 0.1, 2e-3, -1e-3, 0.02, 0.1, -0.05, 0.01],
}


@pytest.mark.parametrize("name", LENSES)
def test_compiled_and_plain_inversion_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    coefficients = np.array(LENSES[name])
    target = np.random.default_rng(0).uniform(-1.5, 1.5, (4000, 2))  # far beyond what the folding lens reaches
    target[::50] = np.nan
    answers = []
    for least in (1, 10**9):
        monkeypatch.setattr(lens, "_COMPILED_FROM", least)
        answers.append(undistort(target.reshape(80, 50, 2), coefficients, False))
    (ours, ours_slope), (plain, plain_slope) = answers
    assert ours.shape == (80, 50, 2) and ours_slope.shape == (80, 50, 2, 2)
    found = np.isfinite(ours[..., 0])
    assert (found.mean() < 0.6) == (name == "folding")
    assert np.array_equal(found, np.isfinite(plain[..., 0]))
    assert np.abs(ours - plain)[found].max() < 1e-9  # measured 1.6e-15 at most
    assert np.allclose(ours_slope[found], plain_slope[found], atol=1e-8)
    bent, _ = distort(ours[found], coefficients, False)
    assert np.abs(bent - target.reshape(80, 50, 2)[found]).max() < 1e-9
