"""Two people and a passing assistant: the participant is kept in every frame, or the trial says that it is not."""

from itertools import combinations, product

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from calibration.triangulation import sampson_distance_px, undistorted
from mocap.keypoints import ParticipantRule, PeopleKeypoints, associate_people, choose_participant
from mocap.synthetic import default_subject, faced, observe, squat, static_standing, walking
from mocap.trial import Points3D

BODY = ("RASIS", "LASIS", "RSJC", "LSJC", "REJC", "LEJC", "RWJC", "LWJC", "RLFE", "LLFE", "RLMAL", "LLMAL", "RHEEL",
        "LHEEL", "RHALLUX", "LHALLUX", "C7", "CLAV", "VERTEX")  # fmt: skip
N_FRAMES = 240
RATE = 50.0


def points_of(trial, n_frames=N_FRAMES):
    places = [trial.points.names.index(name) for name in BODY]
    position = trial.points.position[::2][:, places]
    start = max((len(position) - n_frames) // 2, 0)
    position = position[start : start + n_frames]
    return np.concatenate([position, np.repeat(position[-1:], n_frames - len(position), axis=0)])


def scene(seed):
    """Participant, somebody who stands by, an assistant who walks past at arm's length: (person, time, point, 3)."""
    rng = np.random.default_rng(seed)
    turn = lambda: float(rng.uniform(-np.pi, np.pi))  # noqa: E731
    place = lambda far: far * np.array([np.cos(a := turn()), np.sin(a), 0.0])  # noqa: E731
    participant = faced(squat(default_subject(seed=seed)), turn(), 0.2 * place(1.0))
    standing = faced(static_standing(default_subject(seed=seed + 100), 6.0), turn(), place(rng.uniform(0.9, 1.3)))
    heading = turn()
    aside = rng.uniform(0.5, 0.8) * np.array([-np.sin(heading), np.cos(heading), 0.0]) * rng.choice([-1, 1])
    passing = faced(walking(default_subject(seed=seed + 200), 6.0), heading, aside)
    return np.stack([points_of(participant), points_of(standing), points_of(passing)])


def filmed(seed, rig):
    """What a detector reports: people in any order, those hidden behind others and 3 % more of them missing.

    Returns the keypoints and who is in each place of the person axis, shape (camera, time, person).
    """
    bodies, rng = scene(seed), np.random.default_rng([seed, 1])
    views = [
        observe(Points3D(body, BODY, RATE), rig, 10 * seed + k, pixel_sigma=4.0, outlier_fraction=0.02,
                dropout=0.03, swap_fraction=0.05, swap_run=5).keypoints
        for k, body in enumerate(bodies)
    ]  # fmt: skip
    pixels = np.stack([view.pixels for view in views], axis=2)
    confidence = np.stack([view.confidence for view in views], axis=2)
    missing = hidden(rig, bodies) | (rng.random(pixels.shape[:3]) < 0.03)
    pixels[missing], confidence[missing] = np.nan, 0.0
    order = rng.permuted(np.broadcast_to(np.arange(3), pixels.shape[:3]), axis=2)
    pixels = np.take_along_axis(pixels, order[..., None, None], axis=2)
    confidence = np.take_along_axis(confidence, order[..., None], axis=2)
    return PeopleKeypoints(pixels, confidence, BODY, RATE), order


def hidden(rig, bodies):
    """Whoever has more than half of the points behind the trunk of somebody who is nearer to the camera."""
    answer = np.zeros((len(rig), bodies.shape[1], len(bodies)), bool)
    for c, camera in enumerate(rig):
        far = np.linalg.norm(bodies.mean(axis=2) - camera.centre_world, axis=-1)  # (person, time)
        pixels = camera.project(bodies)  # (person, time, point, 2)
        seen = np.isfinite(pixels).all(axis=(2, 3))
        middle, half = pixels.mean(axis=2), 0.8 * pixels.std(axis=2) + 15
        for one in range(len(bodies)):
            for other in range(len(bodies)):
                behind = np.abs(pixels[one] - middle[other][:, None]) < half[other][:, None] * [1.0, 2.0]
                covered = behind.all(axis=-1).mean(axis=1) > 0.5
                answer[c, :, one] |= covered & seen[one] & seen[other] & (far[other] < far[one])
    return answer


def cheapest_combinations(people, rig, frames):
    """Of all combinations of one person or nobody per camera, those whose views agree best, shape (camera, frame).

    Every pair of views costs the mean distance of the rays of its keypoints, at most the limit, and nobody half of it.
    """
    limit = 0.025 * max(max(camera.size) for camera in rig)
    sure = people.confidence[:, frames] >= 0.2
    rays, _ = undistorted(rig, np.where(sure[..., None], people.pixels[:, frames], np.nan))
    nobody = people.n_people
    price = {}
    for a, b in combinations(range(len(rig)), 2):
        apart = sampson_distance_px(rig.cameras[a], rig.cameras[b], rays[a][:, :, None], rays[b][:, None])
        both = np.isfinite(apart)
        mean = np.where(both, np.minimum(apart, limit), 0.0).sum(axis=-1) / np.maximum(both.sum(axis=-1), 1)
        price[a, b] = np.full((len(frames), nobody + 1, nobody + 1), limit / 2)
        # Somebody whom no other view can vouch for is worth less than nobody.
        price[a, b][:, :-1, :-1] = np.where(both.any(axis=-1), mean, limit / 2 + 1e-6)
    choices = np.array(list(product(range(nobody + 1), repeat=len(rig))))
    cost = sum(table[:, choices[:, a], choices[:, b]] for (a, b), table in price.items())
    best = choices[cost.argmin(axis=1)].T
    return np.where(best == nobody, -1, best)


def check_against_all_combinations(tracks, rig, frames):
    """The views that agree best are of one track, and no view of them is of another."""
    best, own = cheapest_combinations(tracks.people, rig, frames), tracks.person[:, :, frames]
    same = (best == own) & (own >= 0)
    one = (same.sum(axis=1) >= 2) & (same | (best < 0) | (own < 0)).all(axis=1)
    assert one.any(axis=0).mean() >= 0.95  # 1.0 in 49 of 50 seeds, once 0.958
    # Measured 0.79 to 1.0: whoever is half hidden may count for the one and not for the other.
    assert (best == own).all(axis=1).any(axis=0).mean() >= 0.75


# Measured over 50 seeds, 4 to 6 cameras: somebody else in place of the participant in 0 of 12000 frames; every view
# in which the participant was detected taken; 2 frames in which one view alone was left, both said to be doubtful.
SEEDS = [*range(2), *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(2, 50))]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_participant_is_kept_while_an_assistant_passes(seed):
    rig = ring_rig(4 + seed % 3, seed)
    people, order = filmed(seed, rig)
    tracks = associate_people(people, rig)
    check_against_all_combinations(tracks, rig, np.arange(0, N_FRAMES, 10))
    choice = choose_participant(tracks, ParticipantRule(zone_world=(0.0, 0.0), zone_radius_m=0.6))
    who = np.take_along_axis(order, np.maximum(choice.person, 0)[..., None], axis=2)[..., 0]
    there = (np.isfinite(people.pixels[..., 0]).any(axis=-1) & (order == 0)).any(axis=2)
    wrong = (choice.person >= 0) & (who != 0)
    assert not wrong.any()
    kept = there & (choice.person >= 0)
    assert kept.sum() >= 0.99 * there.sum()
    assert choice.doubtful[(kept.sum(axis=0) < 2)].all()  # one view or none: never silent
    assert choice.doubtful.mean() < 0.02 and choice.certain
    assert f"{int(tracks.seen[choice.track].sum())} of {N_FRAMES} frames" in choice.reason


def test_the_choice_on_a_real_recording_is_that_of_the_least_error(shared_data):
    """Two people in two of the views, once three: the 400 chosen detections agree best, and fit one body alone."""
    from calibration import read_rig
    from calibration.triangulation import triangulate
    from mocap.readers.keypoints import read_keypoints

    folder = shared_data / "openpose_4cam"
    rig = read_rig(folder / "calibration.toml")
    people = read_keypoints(folder / "balancing", camera_names=rig.names, rate_hz=60, skeleton="BODY_25B").people
    choice = choose_participant(associate_people(people, rig))
    assert (choice.person >= 0).all()
    assert np.array_equal(choice.person, cheapest_combinations(people, rig, np.arange(people.n_frames)))
    sure = np.where(choice.keypoints.confidence[..., None] >= 0.2, choice.keypoints.pixels, np.nan)
    body = rig.project(triangulate(rig, sure))  # (camera, time, keypoint, 2)
    seen = np.where(people.confidence[..., None] >= 0.2, people.pixels, np.nan)
    away = np.linalg.norm(seen - body[:, :, None], axis=-1)
    known = np.isfinite(away).any(axis=-1)
    off = np.where(known, np.nanmedian(np.where(known[..., None], away, 0.0), axis=-1), np.inf)
    own = np.take_along_axis(off, choice.person[..., None], axis=2)[..., 0]
    np.put_along_axis(off, choice.person[..., None], np.inf, axis=2)
    assert own.max() < 40 and (own < off.min(axis=2)).all()  # measured 25 px; another's few points 33 px at the least
    assert choice.reason == (
        "participant: the longest track, 100 of 100 frames, 0.16 m from the middle of what the cameras see; "
        "another person in 100 frames of cam_01 and cam_02"
    )
    assert all(verdict.passed for verdict in choice.verdicts)
