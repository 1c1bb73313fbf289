"""Find the presets of `configs/`: from a checkout, an editable install or an installed wheel."""

import difflib
from pathlib import Path

import mocap
from mocap.errors import ConfigError


def configs_folder() -> Path:
    """Return the folder of presets.

    Raises
    ------
    ConfigError
        When the installation carries none.
    """
    package = Path(mocap.__file__).resolve().parent
    # A wheel carries the presets inside the package; in a checkout they stand beside it.
    for folder in (package / "configs", package.parent / "configs"):
        if (folder / "skeletons").is_dir():
            return folder
    raise ConfigError(
        f"The presets are missing beside {package}.", "Install the package again.", code="PRESETS_MISSING"
    )


def preset_names(kind: str) -> tuple[str, ...]:
    """Return the names of the presets of a kind (`boards`, `marker_sets`, `skeletons`, ...), sorted."""
    return tuple(sorted(path.stem for path in (configs_folder() / kind).glob("*.toml")))


def preset_path(kind: str, name: str) -> Path:
    """Return the file of the named preset.

    Raises
    ------
    ConfigError
        When there is none; names the nearest.
    """
    path = configs_folder() / kind / f"{name}.toml"
    if not path.is_file():
        known = preset_names(kind)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise ConfigError(
            f"There is no preset '{name}' of kind {kind}.", f"{hint}Known: {', '.join(known)}.", code="PRESET_UNKNOWN"
        )
    return path
