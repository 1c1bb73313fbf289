"""The most probable sequence of side labels: exact dynamic programming over all patterns of exchanged cameras.

A state is one bit per camera, 1 where left and right are exchanged; its sign is -1 there and +1 elsewhere. The energy
of a sequence is minus the sum of `pair[a, b] sign_a sign_b`, `own[a] sign_a` and, between frames,
`stay[a] sign_a(t) sign_a(t + 1)`. The step between frames factorises over cameras, so that it costs cameras x states.
"""

import numpy as np
from numba import njit


@njit(cache=True, fastmath=False)
def _energies(pair, own, energy):
    n_cameras = own.shape[0]
    base = 0.0
    for a in range(n_cameras):
        base -= own[a]
        for b in range(a):
            base -= pair[a, b]
    energy[0] = base
    for state in range(1, energy.shape[0]):
        low = 0
        while not (state >> low) & 1:
            low += 1
        before = state & (state - 1)
        total = own[low]
        for a in range(n_cameras):
            if a != low:
                total += -pair[low, a] if (before >> a) & 1 else pair[low, a]
        energy[state] = energy[before] + 2.0 * total


@njit(cache=True, fastmath=False)
def _step(value, origin, stay, value_new, origin_new):
    """Move every state on by one frame; `origin` follows where each came from."""
    n_states = value.shape[0]
    for state in range(n_states):
        origin[state] = state
    for a in range(stay.shape[0]):
        bit = 1 << a
        for state in range(n_states):
            kept, changed = value[state] - stay[a], value[state ^ bit] + stay[a]
            if kept <= changed:
                value_new[state], origin_new[state] = kept, origin[state]
            else:
                value_new[state], origin_new[state] = changed, origin[state ^ bit]
        value[:] = value_new
        origin[:] = origin_new


@njit(cache=True, fastmath=False)
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
    value, fresh, energy = np.empty(n_states), np.empty(n_states), np.empty(n_states)
    came, came_new = np.empty(n_states, np.int64), np.empty(n_states, np.int64)
    back = np.empty((min(n_block + n_ahead, max(n_frames, 1)), n_states), np.int32)
    start = 0
    while start < n_frames:
        stop = min(start + n_block, n_frames)
        end = min(stop + n_ahead, n_frames)
        for frame in range(start, end):
            _energies(pair[frame], own[frame], energy)
            if frame == start:
                if start == 0:
                    value[:] = 0.0
                else:
                    value[:] = 1e12
                    value[answer[start - 1]] = 0.0
                    _step(value, came, stay[frame - 1], fresh, came_new)
            else:
                _step(value, came, stay[frame - 1], fresh, came_new)
                back[frame - start] = came
            value += energy
        state = np.argmin(value)
        for frame in range(end - 1, start - 1, -1):
            if frame < stop:
                answer[frame] = state
            if frame > start:
                state = back[frame - start, state]
        start = stop
    return answer
