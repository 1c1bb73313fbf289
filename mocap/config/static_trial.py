"""`[static]` of a session: the standing trial, and the recordings that calibrate the person beyond it."""

import difflib
from collections.abc import Collection
from dataclasses import field
from pathlib import Path

import pydantic

from mocap.errors import ConfigError

RECORDING_SUFFIXES = (".h5", ".hdf5", ".c3d", ".trc")


@pydantic.dataclasses.dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class StaticTrial:
    """`[static]`: the name of the standing trial among the trials, and what calibrates the person beyond it.

    A recording is the name of a `[[trial]]`, or a file (.h5, .c3d, .trc) in the session's folder. `functional_hip` and
    `functional_knee` are movements of hips and knees, `closing` is a second static at the end, `pointer` says in which
    recording (or recordings) each landmark is touched, `pointer_pivot` is the pointer that pivots about its tip.
    `landmarks` is a `landmarks.toml`: landmarks that were clicked in views of the static.
    """

    trial: str
    closing: str | None = None
    functional_hip: str | tuple[str, ...] = ()
    functional_knee: str | tuple[str, ...] = ()
    pointer: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    pointer_pivot: str | None = None
    landmarks: str | None = None

    def __post_init__(self) -> None:
        if bool(self.pointer) != (self.pointer_pivot is not None):
            raise ValueError("'pointer' and 'pointer_pivot' belong together: the pivot tells where the tip is")
        touching = [(name, landmark) for landmark, name in self.pointed]
        for name, landmark in touching:
            others = [other for there, other in touching if there == name and other != landmark]
            if others:
                raise ValueError(f"'{name}' touches {landmark} and {others[0]}: a recording has one place of rest")

    @property
    def hips(self) -> tuple[str, ...]:
        """Recordings of `functional_hip`."""
        return _several(self.functional_hip)

    @property
    def knees(self) -> tuple[str, ...]:
        """Recordings of `functional_knee`."""
        return _several(self.functional_knee)

    @property
    def pointed(self) -> tuple[tuple[str, str], ...]:
        """Landmarks, and the recordings in which the pointer touches them."""
        return tuple((landmark, name) for landmark, names in self.pointer.items() for name in _several(names))

    @property
    def recordings(self) -> tuple[tuple[str, str], ...]:
        """Every recording beyond the standing trial, with the entry that names it."""
        single = [("closing", self.closing), ("pointer_pivot", self.pointer_pivot)]
        return (
            *(("functional_hip", name) for name in self.hips),
            *(("functional_knee", name) for name in self.knees),
            *((entry, name) for entry, name in single if name is not None),
            *((f"pointer.{landmark}", name) for landmark, name in self.pointed),
        )

    def owner_of(self, trial: str) -> str:
        """Return the entry that names a trial as a recording of calibration; nothing where none does."""
        return next((entry for entry, name in self.recordings if name == trial), "")


def _several(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def check_static(static: StaticTrial, trials: Collection[str]) -> None:
    """Refuse names that are no trials.

    Parameters
    ----------
    static : StaticTrial
    trials : collection of str
        Names of the trials.

    Raises
    ------
    ConfigError
        CONFIG_VALUE: a name is neither a trial nor a file of points, or the standing trial is to calibrate itself.
    """
    known = list(trials)
    if static.trial not in known:
        raise _refused(f"trial = '{static.trial}' is not among the trials {known}", _near(static.trial, known))
    for entry, name in static.recordings:
        if name == static.trial:
            raise _refused(f"{entry} = '{name}' is the standing trial itself", "Name another recording.")
        if name not in known and Path(name).suffix.lower() not in RECORDING_SUFFIXES:
            what = f"{entry} = '{name}' is neither among the trials {known} nor a file {', '.join(RECORDING_SUFFIXES)}"
            raise _refused(what, _near(name, known))


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Name one of the [[trial]] entries{f'; did you mean {near[0]!r}?' if near else '.'}"


def _refused(cause: str, remedy: str) -> ConfigError:
    return ConfigError(f"session.toml: [static] {cause}.", remedy, code="CONFIG_VALUE")
