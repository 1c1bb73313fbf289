"""The most probable sequence of side labels: exact dynamic programming over all patterns of exchanged cameras.

A state is one bit per camera, 1 where left and right are exchanged; its sign is -1 there and +1 elsewhere. The energy
of a sequence is minus the sum of `pair[a, b] sign_a sign_b`, `own[a] sign_a` and, between frames,
`stay[a] sign_a(t) sign_a(t + 1)`. The step between frames factorises over cameras, so that it costs cameras x states.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _energies(pair, own, frame, energy):
    n_cameras = own.shape[1]
    base = 0.0
    for a in range(n_cameras):
        base -= own[frame, a]
        for b in range(a):
            base -= pair[frame, a, b]
    energy[0] = base
    for state in range(1, energy.shape[0]):
        low = 0
        while not (state >> low) & 1:
            low += 1
        before = state & (state - 1)
        total = own[frame, low]
        for a in range(n_cameras):
            if a != low:
                total += -pair[frame, low, a] if (before >> a) & 1 else pair[frame, low, a]
        energy[state] = energy[before] + 2.0 * total


@njit(cache=True, nogil=True, error_model="numpy")
def _step(value, origin, stay, frame):
    """Move every state on by one frame; `origin` says where each came from."""
    n_states = value.shape[0]
    for state in range(n_states):
        origin[state] = state
    for a in range(stay.shape[1]):
        bit, kept = 1 << a, stay[frame, a]
        for block in range(0, n_states, 2 * bit):
            for one in range(block, block + bit):
                other = one + bit
                value_one, value_other = value[one], value[other]
                from_one, from_other = origin[one], origin[other]
                changed_one = value_other + kept < value_one - kept
                changed_other = value_one + kept < value_other - kept
                value[one] = value_other + kept if changed_one else value_one - kept
                value[other] = value_one + kept if changed_other else value_other - kept
                origin[one] = from_other if changed_one else from_one
                origin[other] = from_one if changed_other else from_other


@njit(cache=True, nogil=True, error_model="numpy")
def best_states(pair, own, stay, n_block, n_ahead):
    """Return the best state per frame, shape (time,).

    Parameters
    ----------
    pair : ndarray, shape (time, camera, camera)
        Symmetric; above 0 where two cameras agree with their labels alike.
    own : ndarray, shape (time, camera)
        Above 0 where a camera's labels look right.
    stay : ndarray, shape (time - 1, camera)
        Above 0 where the labels go on as they were.
    n_block, n_ahead : int
        Frames that are decided at once, and frames that are looked ahead for it: memory grows with neither.
    """
    n_frames, n_cameras = own.shape
    n_states = 1 << n_cameras
    answer = np.zeros(n_frames, np.int64)
    value, energy = np.empty(n_states), np.empty(n_states)
    back = np.empty((min(n_block + n_ahead, max(n_frames, 1)), n_states), np.int32)
    for start in range(0, n_frames, n_block):
        stop = min(start + n_block, n_frames)
        end = min(stop + n_ahead, n_frames)
        for state in range(n_states):
            value[state] = 0.0 if start == 0 or state == answer[start - 1] else 1e12
        for frame in range(start, end):
            if frame > 0:
                _step(value, back[frame - start], stay, frame - 1)
            _energies(pair, own, frame, energy)
            for state in range(n_states):
                value[state] += energy[state]
        best = 0
        for state in range(n_states):
            if value[state] < value[best]:
                best = state
        for frame in range(end - 1, start - 1, -1):
            if frame < stop:
                answer[frame] = best
            if frame > start:
                best = back[frame - start, best]
    return answer
