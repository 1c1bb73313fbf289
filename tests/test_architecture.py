"""The structure of DESIGN held by machine: layers, fences, cycles, and imports that stay light.

Reads the source by AST; nothing of the project is imported but in the sub-processes of the last tests.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Imports point down; rooms of one layer never import each other.
LAYERS = {
    "mocap.cli": 6, "mocap.napari_plugin": 6,
    "mocap.__main__": 7,
    "mocap.batch": 5.5, "mocap.doctor": 5.5,
    "mocap.pipeline": 5,
    "mocap.readers": 4, "mocap.storage": 4, "mocap.viewer": 4, "mocap.report": 4, "mocap.export": 4,
    "mocap.sync": 3, "mocap.keypoints": 3, "mocap.reconstruction": 3, "mocap.kinematics": 3,
    "mocap.assessment": 3, "mocap.synthetic": 3,
    "mocap.signal": 2,
    "mocap.trial": 1, "mocap.config": 1, "mocap.skeleton": 1, "mocap.schema": 1,
    "mocap.isolation": 1,
    "mocap.errors": 0, "mocap.vector_kernels": 0,
    "calibration": -1,
}  # fmt: skip
# The types, the skeleton and the configuration share a layer: this is their order.
ALLOWED_SIBLINGS = {("mocap.trial", "mocap.schema"), ("mocap.skeleton", "mocap.config")}

# Third parties and the only files that may import them (prefixes of module names).
FENCES = {
    "cv2": (
        "calibration.detection", "calibration.initial.intrinsics", "calibration.sources", "calibration.synthetic",
        "calibration.boards.board_page", "mocap.synthetic", "mocap.keypoints.plates", "mocap.keypoints.markers",
        "mocap.keypoints.pose", "mocap.export.dataset.faces",
    ),
    "mediapipe": ("mocap.keypoints.pose",),
    "onnxruntime": ("mocap.keypoints.pose",),
    "sleap_io": ("mocap.readers",),
    "aniposelib": ("calibration.aniposelib_adapter",),
    "h5py": ("mocap.storage", "mocap.readers", "mocap.export.nwb"),  # NWB is HDF5: written in memory, then as bytes
    "ezc3d": (),
    "av": ("mocap.readers.video", "mocap.readers.video_container", "mocap.readers.video_audio",
           "mocap.export.film"),
    "napari": ("mocap.viewer",),
    "qtpy": ("mocap.viewer",),
    "PySide6": ("mocap.viewer",),
    "vispy": ("mocap.viewer",),
    "pyqtgraph": ("mocap.viewer",),
    "matplotlib": ("mocap.report", "calibration.boards.board_page", "calibration.boards.print_page"),
    "weasyprint": ("mocap.report.pdf",),
    "dask": ("mocap.batch",),
    "distributed": ("mocap.batch",),
    "dask_jobqueue": ("mocap.batch",),
    "typer": ("mocap.cli",),
    "rich": ("mocap.cli",),
    "pandas": ("mocap.readers", "mocap.export"),
    "pyarrow": ("mocap.readers", "mocap.export"),
    "pynwb": ("mocap.export",),
    "ndx_pose": ("mocap.export",),
    "hdmf": ("mocap.export",),
    "pydantic": ("mocap.config",),
    "numba": (),  # only files named *kernels.py, see below
}  # fmt: skip

# The core neither prints nor opens files: only the edges touch paths.
EDGES = (
    "calibration.boards.board", "calibration.boards.board_page", "calibration.boards.print_page",
    "calibration.boards.targets", "calibration.files", "calibration.file_origin", "calibration.toml_files",
    "calibration.formats.exchange", "calibration.sources", "calibration.text_files", "calibration.boards.wand",
    "calibration.world.landmarks", "calibration.aniposelib_adapter", "calibration.synthetic",
    "mocap.cli", "mocap.napari_plugin", "mocap.batch", "mocap.doctor", "mocap.pipeline", "mocap.readers",
    "mocap.storage", "mocap.viewer", "mocap.report", "mocap.export", "mocap.config", "mocap.skeleton",
    "mocap.kinematics.marker_sets", "mocap.isolation",
)  # fmt: skip


def source_files(root: Path = ROOT) -> dict[str, Path]:
    files = {}
    for package in ("calibration", "mocap"):
        for path in (root / package).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def trees_let_go() -> Iterator[None]:
    """Let go of the trees of all files, which later tests of this process would wait for at each collection."""
    yield
    parsed.cache_clear()


@cache
def imports_of(path: Path, module: str, top_level_only: bool = False) -> tuple[str, ...]:
    """Absolute names of all modules that a file imports, function bodies included."""
    tree = parsed(path)
    nodes = _outside_functions(tree) if top_level_only else ast.walk(tree)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(found)


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


@cache
def room_of(name: str) -> str | None:
    """The room of LAYERS that a module belongs to; None for the package root and third parties."""
    for room in sorted(LAYERS, key=len, reverse=True):
        if name == room or name.startswith(room + "."):
            return room
    return None


def layer_faults(files: dict[str, Path]) -> list[str]:
    faults = []
    for module, path in files.items():
        room = room_of(module)
        if room is None:
            if module != "mocap":
                faults.append(f"{module} is in no layer")
            continue
        for imported in imports_of(path, module):
            target = room_of(imported)
            if target is None or target == room or (room, target) in ALLOWED_SIBLINGS:
                continue
            if LAYERS[target] >= LAYERS[room]:
                faults.append(f"{module} imports {imported}")
    return faults


def _within(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def fence_faults(files: dict[str, Path]) -> list[str]:
    faults = []
    for module, path in files.items():
        for imported in imports_of(path, module):
            third_party = imported.split(".")[0]
            if third_party == "numba":
                allowed = module.endswith("kernels")
            else:
                allowed = third_party not in FENCES or _within(module, FENCES[third_party])
            if not allowed:
                faults.append(f"{module} imports {third_party}")
    return sorted(set(faults))


def edge_faults(files: dict[str, Path]) -> list[str]:
    faults = []
    for module, path in files.items():
        if _within(module, EDGES):
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"print", "open"}:
                faults.append(f"{module}:{node.lineno} calls {node.func.id}")  # type: ignore[attr-defined]
        if any(name.split(".")[0] == "pathlib" for name in imports_of(path, module)):
            faults.append(f"{module} imports pathlib")
    return faults


def import_cycle(files: dict[str, Path]) -> list[str]:
    """One cycle of modules by their top-level imports, or nothing."""
    graph: dict[str, set[str]] = {module: set() for module in files}
    for module, path in files.items():
        named = list(imports_of(path, module, top_level_only=True))
        for imported in named:
            children = [name for name in named if name.rpartition(".")[0] == imported]
            if children and all(child in files for child in children):
                continue  # `from package import module` needs the module, and nothing that the package defines
            target = imported if imported in files else imported.rpartition(".")[0]
            if target in files and target != module:
                graph[module].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return sorted(set(error.args[1]))
    return []


def test_imports_point_down() -> None:
    assert layer_faults(source_files()) == []


def test_third_parties_stay_behind_their_fences() -> None:
    assert fence_faults(source_files()) == []


def test_the_core_neither_prints_nor_opens_files() -> None:
    assert edge_faults(source_files()) == []


def test_there_are_no_import_cycles() -> None:
    assert import_cycle(source_files()) == []


@pytest.mark.parametrize(
    ("guard", "module", "text"),
    [
        (layer_faults, "calibration.camera", "import mocap.trial"),
        (layer_faults, "mocap.kinematics.angles", "from mocap.reconstruction import robust"),
        (layer_faults, "mocap.trial", "def f():\n    from mocap.pipeline import run"),
        (layer_faults, "mocap.stray", ""),
        (fence_faults, "mocap.kinematics.angles", "def f():\n    import cv2"),
        (fence_faults, "mocap.reconstruction.robust", "import numba"),
        (fence_faults, "mocap.pipeline.run", "from napari import Viewer"),
        (edge_faults, "mocap.signal.filters", "print('x')"),
        (edge_faults, "mocap.signal.filters", "from pathlib import Path"),
    ],
)
def test_each_guard_fails_on_a_planted_fault(guard, module: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text(text, encoding="utf-8")
    assert guard({module: path}) != []


def test_the_cycle_guard_fails_on_a_planted_cycle(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("from mocap.signal import b\n", encoding="utf-8")
    second.write_text("import mocap.signal.a\n", encoding="utf-8")
    files = {"mocap.signal.a": first, "mocap.signal.b": second}
    assert import_cycle(files) == ["mocap.signal.a", "mocap.signal.b"]


HEAVY = (
    "cv2", "aniposelib", "jax", "numba", "napari", "qtpy", "PySide6", "matplotlib", "pandas", "scipy", "h5py",
    "pydantic", "ezc3d", "rich",
)  # fmt: skip


@pytest.mark.parametrize("package", ["calibration", "mocap"])
def test_importing_stays_light_and_needs_no_display(package: str) -> None:
    # What makes an import slow is what it pulls in; that is exact where a stop-watch is not.
    code = f"import sys, {package}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_core_imports_with_the_screen_libraries_blocked() -> None:
    blocked = ("napari", "qtpy", "PySide6", "vispy", "pyqtgraph")
    modules = [m for m in source_files() if not _within(m, ("mocap.viewer",))]
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {blocked!r}:\n"
        "            raise ImportError('blocked: ' + name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "try:\n    import napari\nexcept ImportError:\n    pass\nelse:\n    sys.exit('the block does not block')\n"
        f"import importlib\nfor module in {modules!r}:\n    importlib.import_module(module)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
