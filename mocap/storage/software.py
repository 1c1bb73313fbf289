"""Which versions made a file."""

import platform
from importlib import metadata

import mocap

_SOFTWARE = ("numpy", "scipy", "h5py", "numba", "opencv-contrib-python")


def software_versions() -> dict[str, str]:
    """Return the versions of this program, of Python and of the libraries that numbers may hang on, by name."""
    own = {"mocap": mocap.__version__, "python": platform.python_version()}
    return own | {name: _version(name) for name in _SOFTWARE}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
