import numpy as np

from calibration.rigid import apply, from_rotvec, inverse, rotvec


def test_inverse_and_rotvec_round_trip() -> None:
    rng = np.random.default_rng(0)
    vectors, translations = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
    b_from_a, points_a = from_rotvec(vectors, translations), rng.normal(size=(20, 3))
    a_from_b = inverse(b_from_a)
    np.testing.assert_allclose(apply(a_from_b, apply(b_from_a, points_a)), points_a, atol=1e-12)
    np.testing.assert_allclose(a_from_b @ b_from_a, np.broadcast_to(np.eye(4), (20, 4, 4)), atol=1e-12)
    np.testing.assert_allclose(rotvec(b_from_a), vectors, atol=1e-12)  # all shorter than pi with this seed


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    b_from_a = from_rotvec(np.array([0, 0, np.pi / 2]), np.array([1.0, 0, 0]))
    np.testing.assert_allclose(apply(b_from_a, np.array([1.0, 0, 0])), [1, 1, 0], atol=1e-15)
