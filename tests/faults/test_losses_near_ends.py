"""Frames lost anywhere in a short recording, near its ends too: told, flagged, or harmless; never a silent shift."""

import re

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.pipeline.trial_clocks import set_clocks
from mocap.synthetic import default_subject, faced, free_motion, observe, squat, walking
from mocap.trial import Keypoints2D, Points3D

FAULTS = {"pixel_sigma": 1.0, "dropout": 0.1, "outlier_fraction": 0.02, "swap_fraction": 0.01, "swap_run": 5}
N_FRAMES, LONGEST = 400, 50
HARM_PX, HARM_FRAMES = 3.0, 5
TOLD = re.compile(
    r"'(\w+)' lost (\d+)(?: (?:to|or) (\d+))? frames?(?: \(most likely \d+\))? "
    r"after (?:frame (\d+)|a frame between (\d+) and (\d+))"
)


def movement(kind, seed):
    subject = default_subject(seed=seed)
    made = {"squat": lambda: faced(squat(subject, 2), 0.3, (0, 0, 0)),
            "free": lambda: free_motion(subject, 6.0, seed=seed),
            "walk": lambda: faced(walking(subject, 6.0), 0.7, (0, 0, 0))}[kind]()  # fmt: skip
    keep = np.linspace(0, len(made.points.names) - 1, 12).astype(int)
    position = made.points.position[: N_FRAMES + LONGEST + 10, keep]
    return Points3D(position, tuple(made.points.names[place] for place in keep), made.points.rate_hz)


class Loss:
    """A camera that lost frames and either filmed on or stopped with the others; another camera's clock may be off."""

    def __init__(self, seed, count=None):
        rng = np.random.default_rng(1000 + seed)
        self.n_cameras = (4, 4, 3, 8)[seed // 3 % 4]
        self.rig, self.camera = ring_rig(self.n_cameras, seed=seed), seed % self.n_cameras
        self.offset = np.zeros(self.n_cameras)
        self.offset[(seed + 1) % self.n_cameras] = (0, 0, 2.4, -7.3)[rng.integers(4)]
        points = movement(("squat", "walk", "free")[seed % 3], seed)
        self.count = int(rng.integers(5, LONGEST + 1)) if count is None else count
        self.after = int(rng.integers(30, N_FRAMES - 30))
        on = bool(rng.integers(2))
        whole = observe(points, self.rig, seed, desync_frames=self.offset, **FAULTS).keypoints
        self.clean = observe(points, self.rig, seed, pixel_sigma=0.0).keypoints.pixels[self.camera]
        pixels, confidence = np.array(whole.pixels[:, :N_FRAMES]), np.array(whole.confidence[:, :N_FRAMES])
        if self.count:
            shown = slice(self.after + 1 + self.count, N_FRAMES + (self.count if on else 0))
            rest = whole.pixels[self.camera, shown]
            pixels[self.camera, self.after + 1 :], confidence[self.camera, self.after + 1 :] = np.nan, 0
            pixels[self.camera, self.after + 1 : self.after + 1 + len(rest)] = rest
            confidence[self.camera, self.after + 1 : self.after + 1 + len(rest)] = whole.confidence[self.camera, shown]
        self.seen = Keypoints2D(pixels, confidence, whole.names, whole.rate_hz)

    def harm_px(self, done):
        """How far in the image the body is from where it was when the frame was taken, by the clock that is told."""
        true = np.tile(np.arange(N_FRAMES, dtype=float), (self.n_cameras, 1))
        true[self.camera, self.after + 1 :] += self.count
        true -= self.offset[:, None]
        when = done.timeline.frame_time_s
        told = np.arange(N_FRAMES) if when is None else when[:, :N_FRAMES] * self.seen.rate_hz
        off = told - true
        off = off[self.camera] - np.nanmedian(np.delete(off, self.camera, 0))
        grid = np.arange(len(self.clean))
        read = [
            np.stack([np.interp(at, grid, track) for track in self.clean.reshape(len(grid), -1).T], axis=1)
            for at in (true[self.camera], true[self.camera] + off)
        ]
        apart = np.linalg.norm((read[1] - read[0]).reshape(N_FRAMES, -1, 2), axis=-1)
        there = np.isfinite(self.seen.pixels[self.camera, :, :, 0]).any(axis=1)
        return np.median(apart, axis=1) * there

    def outcome(self):
        done = set_clocks(self.seen, self.rig)
        lost = [verdict for verdict in done.verdicts if verdict.name.endswith(" frames")]
        if lost:
            told = TOLD.search(lost[0].text)
            low, high = int(told[4] or told[5]), int(told[4] or told[6])
            held = int(told[2]) <= self.count <= int(told[3] or told[2]) and low <= self.after <= high
            alone = len(lost) == 1 and lost[0].text.count("' lost ") == 1
            if not (held and alone and told[1] == self.rig.names[self.camera]):
                return "wrong"
            # A number that is not decided is told with its range, and fails.
            return "told" if told[3] is None else "wrong" if lost[0].passed else "flagged"
        if not all(verdict.passed for verdict in done.verdicts):
            return "flagged"
        return "silent" if (self.harm_px(done) > HARM_PX).sum() >= HARM_FRAMES else "harmless"


@pytest.mark.parametrize(("seed", "outcome"), [(16, "told"), (50, "flagged")])
def test_a_loss_shortly_before_the_end_is_told_or_flagged(seed, outcome):
    assert Loss(seed).outcome() == outcome  # 15 frames lost with 53 left to compare; 27 with 7 left


@pytest.mark.heavy
def test_a_loss_before_which_too_little_moves_for_a_number_is_flagged():
    assert Loss(180).outcome() == "flagged"  # 31 lost; 36 to 40 fit as well, with a clock as much further ahead


@pytest.mark.heavy
@pytest.mark.parametrize(("seed", "count"), [(33, 43), (165, 37)])
def test_a_frame_more_is_not_made_up_for_by_a_clock(seed, count):
    loss = Loss(seed)
    assert loss.count == count and loss.outcome() == "told"  # by the step of the clocks alone 44, and 38 by the end


def outcomes(seeds, count=None):
    found = [Loss(seed, count).outcome() for seed in seeds]
    return {kind: found.count(kind) for kind in ("told", "flagged", "harmless", "silent", "wrong")}, found


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_losses_anywhere_are_told_or_flagged_in_60_seeds():
    found, which = outcomes(range(60))
    # Measured: 44 told, 8 flagged, 8 harmless; of seeds 100 to 199: 71, 21 and 8.
    assert found["silent"] == found["wrong"] == 0, which
    assert found["told"] >= 40, which


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_no_end_is_flagged_where_nothing_was_lost_in_200_seeds():
    found, which = outcomes(range(200), count=0)
    assert found["harmless"] >= 198, which
