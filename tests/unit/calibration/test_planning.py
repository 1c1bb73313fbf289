"""A forecast is what a simulation measures; chosen places beat other places."""

import numpy as np
import pytest

from calibration import CameraRig
from calibration.errors import ShapeError
from calibration.planning import choose_places, forecast_points, ideal_camera, view_information
from calibration.synthetic import ring_rig
from calibration.triangulation import triangulate

POINTS = np.stack(np.meshgrid([-0.5, 0.5], [-0.5, 0.5], [0.3, 1.5], indexing="ij"), axis=-1).reshape(-1, 3)


def test_the_forecast_is_what_triangulation_scatters() -> None:
    rig = ring_rig(5, seed=3)
    forecast = forecast_points(rig, POINTS, 0.7)
    rng = np.random.default_rng(1)
    noisy = rig.project(POINTS)[:, None] + 0.7 * rng.standard_normal((5, 4000, len(POINTS), 2))
    off = triangulate(rig, noisy) - POINTS
    seen = np.einsum("npi,npj->pij", off, off) / 4000
    scale = np.sqrt(np.einsum("pii->pi", forecast.covariance))
    # Measured 0.036 of the sd product; 4000 draws alone scatter by 0.02 per entry.
    assert (np.abs(seen - forecast.covariance) / scale[:, :, None] / scale[:, None, :]).max() < 0.08
    assert (forecast.n_views == 5).all()


def test_skin_hides_from_cameras_behind_it() -> None:
    camera = ideal_camera("a", (1000, 800), 60.0, np.array([3.0, 0, 1]), np.array([0.0, 0, 1]))
    point = np.array([0.0, 0, 1])
    for normal_deg, seen in ((0, True), (69, True), (71, False), (180, False)):
        normal = np.array([np.cos(np.deg2rad(normal_deg)), np.sin(np.deg2rad(normal_deg)), 0])
        information, visible = view_information(camera, point, normal)
        assert bool(visible) == seen and information.any() == seen


def test_information_of_one_view_in_closed_form() -> None:
    camera = ideal_camera("a", (1001, 801), 90.0, np.array([-2.0, 0, 1]), np.array([0.0, 0, 1]))
    information, _ = view_information(camera, np.array([0.0, 0, 1]))
    # On the axis a metre at 2 m is f / 2 px; nothing is said along the line of sight. f = 500.5 px.
    assert np.allclose(information, np.diag([0, 1, 1]) * (500.5 / 2) ** 2, rtol=1e-9, atol=1e-6)


def test_points_out_of_view_or_seen_once_are_not_measured() -> None:
    rig = CameraRig(tuple(ring_rig(4, seed=1))[:1], {})
    assert np.isnan(forecast_points(rig, POINTS, 1.0).covariance).all()
    far = forecast_points(ring_rig(4, seed=1), np.array([[0.0, 0.0, 50.0]]), 1.0)
    assert np.isnan(far.sd_mm).all() and far.n_views[0] == 0


def test_chosen_places_beat_random_ones() -> None:
    angles = np.arange(24) * 2 * np.pi / 24
    centres = np.stack([3.5 * np.cos(angles), 3.5 * np.sin(angles), np.full(24, 1.6)], axis=1)
    aim = np.array([0, 0, 1.0])
    places = CameraRig(
        tuple(ideal_camera(f"p{i}", (1280, 720), 66.0, centre, aim) for i, centre in enumerate(centres)), {}
    )
    chosen = forecast_points(choose_places(places, 4, POINTS), POINTS, 1.0).sd_mm.mean()
    rng = np.random.default_rng(2)
    others = [
        forecast_points(
            CameraRig(tuple(tuple(places)[i] for i in rng.choice(24, 4, replace=False)), {}), POINTS, 1.0
        ).sd_mm.mean()
        for _ in range(200)
    ]
    # Measured: chosen 3.848 mm; of 200 random rigs the best 3.839, the best 3 % 3.908, the median 4.162.
    assert chosen < np.percentile(others, 3)


def test_impossible_cameras_are_refused() -> None:
    with pytest.raises(ShapeError, match="field of view"):
        ideal_camera("a", (10, 10), 180.0, np.zeros(3), np.ones(3))
    with pytest.raises(ShapeError, match="straight up or down"):
        ideal_camera("a", (10, 10), 60.0, np.zeros(3), np.array([0, 0, 1.0]))
    with pytest.raises(ShapeError, match="cannot be hung"):
        choose_places(ring_rig(3), 4, POINTS)
