"""Places of landmarks that carry no marker in the movement: carried by their segment from the static trial.

What is assessed later (stance, base of support, distance to a wall) needs them, and the points of a trial hold only
what was measured.
"""

from collections.abc import Iterator

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.further.coordinates import along
from mocap.kinematics.further.drafts import Draft, Words, stacked
from mocap.kinematics.landmarks import ISB_FROM_WORLD
from mocap.kinematics.tape.points import any_finite
from mocap.kinematics.traced import evaluate

_NAMES = tuple(side + name for side in SIDES for name in ("ASIS", "PSIS", "HEEL", "MT1", "MT2", "MT5", "TOE"))


def carried_places(body: Body) -> Iterator[Draft]:
    """Yield the place, in the Z-up world, of each landmark of pelvis and feet that a cluster carries."""
    carried = [name for name in _NAMES if name in body.points and set(body.points[name].grad) != {name}]
    evaluate([body.points[name] for name in carried])
    for name in carried:
        point = body.points[name]
        values = point.value @ ISB_FROM_WORLD
        if not any_finite(values):
            continue
        words = Words(f"place_{name}", "m", f"Place of the landmark {name} in the world.", "x, y, z of the world")
        method = f"carried by {', '.join(sorted(point.grad))} from its place in the static"
        axes = tuple(along(point, axis) for axis in ISB_FROM_WORLD.T)
        yield Draft(words, values, method, "", axes, stacked)
