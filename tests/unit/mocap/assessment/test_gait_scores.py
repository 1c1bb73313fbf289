"""Gait scores and norm sets, sides and curves, in closed form."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mocap.assessment.gait.curves import SCORE_POINTS, similarity_table
from mocap.assessment.gait.norms import NormCurve, NormSet
from mocap.assessment.gait.scores import (
    LEG,
    PELVIS,
    VARIABLES,
    gdi_star,
    movement_profile,
    profile_score,
    score_table,
    variable_score,
)
from mocap.assessment.gait.sides import asymmetry_table, sides_table
from mocap.config.presets import preset_names
from mocap.errors import ConfigError, SourceError
from mocap.pipeline.norms import read_norm
from mocap.trial import Metric, Table, Words

PERCENT = tuple(np.linspace(0.0, 100.0, SCORE_POINTS))


def norm_of(seed: int, **others: float) -> NormSet:
    rng = np.random.default_rng(seed)
    curves = {
        name: NormCurve(PERCENT, tuple(rng.normal(0, 10, SCORE_POINTS)), (5.0,) * SCORE_POINTS) for name in VARIABLES
    }
    return NormSet("lab", "d", "p", "s", "v", curves, **others)


def measured(seed: int) -> Mapping[str, Mapping[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    pelvis = {name: rng.normal(0, 10, (3, SCORE_POINTS)) for name in PELVIS}
    return {side: pelvis | {name: rng.normal(0, 10, (3, SCORE_POINTS)) for name in LEG} for side in ("right", "left")}


def test_profile_score_is_the_root_mean_square_over_all_points_and_variables() -> None:
    norm, curves = norm_of(1), measured(2)
    scores = score_table(movement_profile(curves, norm, False), norm)

    def differences(side: str, names: tuple[str, ...]) -> np.ndarray:
        return np.array([curves[side][name].mean(axis=0) - np.array(norm.curves[name].mean_deg) for name in names])

    left, right = differences("left", VARIABLES), differences("right", VARIABLES)
    overall = np.concatenate([left, differences("right", LEG)])
    for which, expected in (("left", left), ("right", right), ("overall", overall)):
        assert scores[f"gps_{which}"].values[0] == pytest.approx(np.sqrt(np.mean(expected**2)), abs=1e-12)
        # The arithmetic mean of the variable scores, as some programs have it, is another number.
        assert np.sqrt((expected**2).mean(axis=1)).mean() < scores[f"gps_{which}"].values[0] - 1e-3
    assert len(overall) == 15


def test_scores_by_hand() -> None:
    assert variable_score(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 0.0])) == pytest.approx(np.sqrt(13 / 3))
    assert profile_score([3.0, 4.0]) == pytest.approx(np.sqrt(12.5))
    # Published control values A 1.677 and B 0.263: one SD worse than the mean of the controls is 90.
    assert gdi_star(float(np.exp(1.677)), 1.677, 0.263) == pytest.approx(100.0)
    assert gdi_star(float(np.exp(1.677 + 0.263)), 1.677, 0.263) == pytest.approx(90.0)


def test_gdi_needs_the_controls_of_the_set() -> None:
    curves = measured(2)
    bare, whole = norm_of(1), norm_of(1, gdi_a=1.677, gdi_b=0.263)
    scores = score_table(movement_profile(curves, bare, False), bare)
    assert np.isnan(scores["gdi_star_left"].values[0])
    assert "no mean and SD" in scores["gdi_star_left"].reasons[0]
    scores = score_table(movement_profile(curves, whole, False), whole)
    gps = scores["gps_left"].values[0]
    assert scores["gdi_star_left"].values[0] == pytest.approx(100 - 10 * (np.log(gps) - 1.677) / 0.263)


def test_what_a_norm_lacks_is_withheld() -> None:
    norm = read_norm("children_schwartz_2008")
    assert norm is not None
    assert norm.population == "typically developing children"
    assert norm.curves["knee_flexion"].mean_deg[5] == 59.1
    profile = movement_profile(measured(3), norm, False)
    assert np.isnan(profile["gvs_left"].values).all()
    assert "the norm set has 8 points of pelvic_tilt_conventional" in profile["gvs_left"].reasons[0]
    assert profile["gvs_left"].reasons[1] == "withheld: the norm set has no pelvic_obliquity_conventional"
    joined = movement_profile(measured(3), norm, True)
    assert np.isfinite(joined["gvs_left"].values).sum() == 4
    assert "joined by straight lines from 8 points" in joined["gvs_left"].reasons[0]
    assert np.isnan(score_table(joined, norm)["gps_overall"].values[0])
    assert "8 of 15 lack" in score_table(joined, norm)["gps_overall"].reasons[0]
    nothing = score_table(movement_profile(measured(3), None, False), None)
    assert nothing["gps_left"].reasons[0] == "withheld: no norm set is named"


def test_norm_files(tmp_path: Path) -> None:
    for name in preset_names("norms"):
        norm = read_norm(name)
        assert norm is not None
        assert norm.source
        assert norm.population
        assert norm.curves or norm.ranges
    assert read_norm("none") is None
    head = 'description = "d"\npopulation = "p"\nsource = "s"\nspeed = "v"\n'
    own = tmp_path / "ours.toml"
    own.write_text(f"{head}[ranges.speed]\nlow = 1.0\nhigh = 1.5\n", encoding="utf-8")
    assert read_norm(str(own)).ranges["speed"].high == 1.5  # type: ignore[union-attr]
    for bad in ("[curves.knee_flexion]\npercent = [0.0, 50.0]\nmean_deg = [1.0]\nsd_deg = [1.0]\n",
                "[curves.knee_flexion]\npercent = [50.0, 0.0]\nmean_deg = [1.0, 2.0]\nsd_deg = [1.0, 1.0]\n",
                "[curve.knee_flexion]\npercent = [0.0]\n"):  # fmt: skip
        own.write_text(head + bad, encoding="utf-8")
        with pytest.raises(ConfigError):
            read_norm(str(own))
    with pytest.raises(ConfigError, match="children_schwartz_2008"):
        read_norm("children")
    with pytest.raises(SourceError):
        read_norm(str(tmp_path / "absent.toml"))


def cycles_table(right: list[float], left: list[float]) -> Table:
    names = ("stride_time", "step_time", "cadence", "stance", "swing", "single_support", "double_support",
             "step_length", "stride_length", "step_width", "speed", "speed_normalised")  # fmt: skip
    values = np.array([*right, *left])
    metrics = tuple(Metric(name, "m" if name == "step_length" else "1", "m", values) for name in names)
    return Table("repetitions", len(values), metrics, (
        Words("side", "s", ("right",) * len(right) + ("left",) * len(left)),
    ))  # fmt: skip


def test_sides_and_their_difference_by_hand() -> None:
    table = cycles_table([0.60, 0.62, 0.64], [0.50, 0.54])
    sides = sides_table(table)
    assert sides["step_length_mean"].values == pytest.approx([0.62, 0.52])
    assert sides["step_length_sd"].values == pytest.approx([0.02, np.sqrt(0.0008)])
    found = asymmetry_table(table)
    assert found["step_length_difference"].values[0] == pytest.approx(0.10)
    assert found["step_length_difference"].sd[0] == pytest.approx(np.sqrt(0.0004 / 3 + 0.0008 / 2))
    assert found["step_length_symmetry_index"].values[0] == pytest.approx(100 * 0.10 / 0.57)
    # Slopes of 200 (R - L) / (R + L): 400 L / (R + L)^2 and -400 R / (R + L)^2.
    errors = np.sqrt([0.0004 / 3, 0.0008 / 2])
    slopes = 400 * np.array([0.52, -0.62]) / 1.14**2
    assert found["step_length_symmetry_index"].sd[0] == pytest.approx(np.linalg.norm(slopes * errors))


@pytest.mark.parametrize(("right", "left", "why"), [
    ([0.10, -0.08], [0.06, -0.05], "below five standard errors"), ([0.6], [0.5, 0.5], "single cycle"),
    ([0.6], [], "a foot has no cycle"),
])  # fmt: skip
def test_the_symmetry_index_is_refused(right: list[float], left: list[float], why: str) -> None:
    found = asymmetry_table(cycles_table(right, left))["step_length_symmetry_index"]
    assert np.isnan(found.values[0])
    assert why in found.reasons[0]


def test_likeness_of_cycles() -> None:
    wave = np.sin(np.linspace(0, 2 * np.pi, 101))
    same = {"knee_flexion": np.stack([30 * wave, 30 * wave])}
    shifted = {"knee_flexion": np.stack([30 * wave + 5, 30 * wave + 7])}
    table = similarity_table({"right": same, "left": shifted})
    assert table["cmc_right"].values[0] == pytest.approx(1.0)
    assert table["scatter_right"].values[0] == pytest.approx(0.0, abs=1e-12)
    assert table["scatter_left"].values[0] == pytest.approx(1.0)
    # The mean difference of 6 deg is taken out.
    assert table["sides_rms"].values[0] == pytest.approx(0.0, abs=1e-12)
    flat = similarity_table({"right": {"x": np.stack([0 * wave, 0 * wave + 3])}, "left": {}})
    assert np.isnan(flat["cmc_right"].values[0])
    assert "withheld" in flat["cmc_right"].reasons[0]
    assert "takes two" in flat["cmc_left"].reasons[0]
