"""Points of a file that nobody stuck to a person: a recording program computed them from the markers."""

import tomllib
from collections.abc import Collection, Sequence

from mocap.config.presets import preset_names, preset_path


def model_points(names: Sequence[str], recorded: Collection[str] = ()) -> tuple[str, ...]:
    """Return the points among `names` that are outputs of a model, in their order.

    Parameters
    ----------
    names : sequence of str
        Labels; a subject's prefix (`A22:RFEO`) and the number of a doubled label do not matter.
    recorded : collection of str
        Labels that the file itself says are no markers. Where it names none, the presets `model_points` tell.
    """
    there = [name for name in names if name in recorded]
    if there:
        return tuple(there)
    known = frozenset(name for preset in preset_names("model_points") for name in _known(preset))
    return tuple(name for name in names if name.rsplit(":", 1)[-1].split("#")[0] in known)


def _known(preset: str) -> list[str]:
    content = tomllib.loads(preset_path("model_points", preset).read_text(encoding="utf-8"))
    return [f"{segment}{end}" for segment in content["segments"] for end in content["ends"]] + content["others"]
