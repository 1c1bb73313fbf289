"""Make a dataset of ground truth: choose, split, project, write, check, and only then give it its name."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import mocap
from calibration import CameraRig
from calibration.digits import counted
from mocap.errors import ConfigError, ExportError, MocapError, SourceError
from mocap.export.dataset.cameras import cameras_text
from mocap.export.dataset.card import Terms, card_text
from mocap.export.dataset.coco import CocoWriter
from mocap.export.dataset.counting import Counts
from mocap.export.dataset.labels import ViewLabels
from mocap.export.dataset.recordings import Recording
from mocap.export.dataset.splits import check_people, check_pictures, check_recordings, split_subjects
from mocap.export.dataset.tables import TableWriter
from mocap.export.dataset.yolo import YoloWriter
from mocap.pipeline.aside import folder_aside
from mocap.pipeline.dataset_labels import labelled_blocks, recording_of
from mocap.pipeline.dataset_plan import (
    DatasetOptions,
    Opened,
    Planned,
    check_told,
    is_unnamed,
    open_source,
    plan_of,
    union,
)
from mocap.pipeline.dataset_record import FORMAT, MANIFEST, RECORD, dataset_record
from mocap.pipeline.dataset_sources import DatasetSource, LeftOut, reasons
from mocap.pipeline.digests import file_sha256
from mocap.pipeline.export_privacy import check_key_apart
from mocap.pipeline.outputs import check_output
from mocap.pipeline.progress import Progress
from mocap.storage.journal import handed_over

_LOST = "a picture that is damaged, or in which the face cannot be found"
_NOBODY = "no picture shows enough of the person"


class Writer(Protocol):
    """What a format needs to write labels."""

    def add(self, recording: Recording, camera: int, labels: ViewLabels) -> None:
        """Write the labels of one camera over some frames."""

    def close(self) -> tuple[Path, ...]:
        """Return the files, whole."""

    def give_up(self) -> None:
        """Let go of what is open."""


@dataclass(frozen=True, eq=False)
class DatasetMade:
    """What was written, and what was not."""

    out: Path
    counts: Counts
    left_out: tuple[LeftOut, ...]
    files: tuple[Path, ...]


def make_dataset(
    sources: Sequence[DatasetSource], left_out: Sequence[LeftOut], options: DatasetOptions, out: Path,
    progress: Progress, *, overwrite: bool = False,
) -> DatasetMade:  # fmt: skip
    """Write a dataset of trials into a new folder; the same inputs, options and key give the same bytes.

    Raises
    ------
    ExportError
        DATASET_EMPTY, DATASET_LEAK, DEIDENTIFY_LEAK, KEY_NOT_APART, and what taking out names raises.
    ConfigError
        OUTPUT_EXISTS
    SourceError
        OUTPUT_FOLDER, WRITE_FAILED
    """
    _check_place(out, overwrite, options.key)
    missing = list(left_out)
    planned = _planned(sources, options, missing, progress)
    if not planned:
        raise ExportError(
            f"No recording can go into the dataset; {_told_reasons(missing)}.",
            "State the consent of each session, run the sessions, or choose another --purpose.", code="DATASET_EMPTY",
        )  # fmt: skip
    try:
        with folder_aside(out) as folder:
            whole = folder / "whole"
            whole.mkdir()
            counts, files = _written(planned, options, whole, missing, progress)
            for one in planned:
                handed_over(one.source.path, f"dataset ({options.kind})", (out / MANIFEST,), named=options.key is None,
                            written=(whole / MANIFEST,))  # fmt: skip
            _take_place(whole, out, folder)
    except OSError as error:
        if isinstance(error, MocapError):
            raise
        raise SourceError(
            f"{out} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
            code="WRITE_FAILED",
        ) from error  # fmt: skip
    return DatasetMade(out, counts, tuple(missing), tuple(out / file.relative_to(whole) for file in files))


def _check_place(out: Path, overwrite: bool, key: Path | None) -> None:
    """Refuse a place that cannot be written to, or where something else lies, before the work."""
    if key is not None:
        check_key_apart(key, out)
    if not out.is_dir():
        check_output(out)
        if out.exists():
            raise _other(out, "a file lies there")
        return
    if any(out.iterdir()):
        if dataset_record(out) is None:
            raise _other(out, "it holds other files")
        if not overwrite:
            raise ConfigError(
                f"There is a dataset in {out} already.", "Name another folder, or add --overwrite.",
                code="OUTPUT_EXISTS",
            )  # fmt: skip


def _other(out: Path, why: str) -> ConfigError:
    return ConfigError(f"{out} cannot become a dataset: {why}.", "Name a new folder with --out.", code="OUTPUT_EXISTS")


def _take_place(whole: Path, out: Path, aside: Path) -> None:
    if out.exists():
        out.replace(aside / "before")
    whole.replace(out)


def _planned(
    sources: Sequence[DatasetSource], options: DatasetOptions, missing: list[LeftOut], progress: Progress
) -> list[Planned]:
    made: list[Planned] = []
    for number, source in enumerate(sources):
        progress("choosing frames", number, len(sources))
        try:
            found = plan_of(source, options, made)
        except MocapError as error:
            if error.code.startswith(("DEIDENTIFY", "KEY_")):
                raise
            missing.append(LeftOut(str(source.path), f"it cannot be read: {error.cause}", "it cannot be read"))
            continue
        if isinstance(found, str):
            missing.append(LeftOut(str(source.path), found, found))
        else:
            made.append(found)
    progress("choosing frames", len(sources), len(sources))
    return made


def _told_reasons(missing: Sequence[LeftOut]) -> str:
    told = Counter(one.reason for one in missing)
    return "; ".join(f"{n} left out: {reason}" for reason, n in told.items()) or "no session was found"


def _writers(folder: Path, options: DatasetOptions, planned: Sequence[Planned]) -> list[Writer]:
    names, bones = union(planned)
    if options.kind == "coco":
        info = {"description": "ground truth of people seen by calibrated cameras", "version": mocap.__version__,
                "purpose": options.purpose}  # fmt: skip
        return [CocoWriter(folder, names, bones, info)]
    tables: list[Writer] = [TableWriter(folder)]
    return [YoloWriter(folder, names), *tables] if options.kind == "yolo" else tables


def _written(
    planned: Sequence[Planned], options: DatasetOptions, folder: Path, missing: list[LeftOut], progress: Progress
) -> tuple[Counts, list[Path]]:
    strata: dict[str, Counter[str]] = {}
    for one in planned:
        strata.setdefault(one.person, Counter()).update(one.strata)
    split_of = split_subjects(strata, options.shares, options.seed)
    check_recordings({(one.person, one.subject, one.name): one.digest for one in planned})
    counts, rigs = Counts(), dict[str, CameraRig]()
    writers = _writers(folder, options, planned)
    try:
        for number, one in enumerate(planned):
            progress("labels", number, len(planned))
            opened = open_source(one.source, options.key)
            recording = recording_of(opened, one, split_of[one.person])
            _check_words(opened, recording)
            if _add(opened, one, recording, options, folder, writers, counts, missing):
                rigs[one.name] = recording.rig
        files = [file for writer in writers for file in writer.close()]
    finally:
        for writer in writers:
            writer.give_up()
    progress("labels", len(planned), len(planned))
    if not counts.n_pictures:
        raise ExportError(f"No picture shows enough of anybody; {_told_reasons(missing)}.",
                          "Look at the reasons, or raise --max-sigma-px.", code="DATASET_EMPTY")  # fmt: skip
    files += _told(folder, planned, options, counts, missing, rigs)
    return counts, files


def _check_words(opened: Opened, recording: Recording) -> None:
    said = {word for one in recording.angles.values() for word in one.reasons.tolist()}
    cameras = recording.rig.names
    check_told(opened, [recording.name, recording.subject, recording.movement, recording.licence, *recording.names,
                        *cameras, *sorted(said)])  # fmt: skip


def _add(
    opened: Opened, one: Planned, recording: Recording, options: DatasetOptions, folder: Path,
    writers: Sequence[Writer], counts: Counts, missing: list[LeftOut],
) -> bool:  # fmt: skip
    """Write the labels of a recording with all its cameras, and return whether there are any."""
    pictures = folder / "images" / recording.split if options.images else None
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    blocks, why = labelled_blocks(opened, one, recording, options, pictures)
    begun, lost = False, 0
    for block in blocks:
        lost += block.lost
        if block.labels is None:
            name = recording.rig.names[block.camera]
            missing.append(LeftOut(f"{one.source.path}, camera {name}", block.why, block.why))
        if block.labels is None or not len(block.labels.frames):
            continue
        if not begun:
            counts.begin(recording)
            begun = True
        counts.add(recording, block.labels)
        for writer in writers:
            writer.add(recording, block.camera, block.labels)
    if lost:
        missing += [LeftOut(f"{one.source.path}, a picture", _LOST, _LOST)] * lost
    if not begun:
        missing.append(LeftOut(str(one.source.path), why or _NOBODY, "no pictures of it" if why else _NOBODY))
    return begun


def _notes(planned: Sequence[Planned]) -> tuple[str, ...]:
    unnamed = len({one.person for one in planned if is_unnamed(one)})
    return (f"Of {counted(unnamed, 'session')} nobody says who it is of: somebody who is in two of them may be in two "
            "splits.",) if unnamed else ()  # fmt: skip


def _told(
    folder: Path, planned: Sequence[Planned], options: DatasetOptions, counts: Counts, missing: Sequence[LeftOut],
    rigs: dict[str, CameraRig],
) -> list[Path]:  # fmt: skip
    """Write card, cameras, record and manifest."""
    names, _ = union(planned)
    terms = Terms(
        options.kind, options.purpose, options.images, options.key is not None, options.shares, options.seed,
        options.every, options.min_change_mm, options.max_sigma_px, reasons(missing), _notes(planned),
        f"mocap {mocap.__version__}",
    )  # fmt: skip
    record = {
        "format": FORMAT, "format_version": 1, "software": terms.software, "kind": options.kind,
        "purpose": options.purpose, "images": options.images, "deidentified": terms.deidentified,
        "split": list(options.shares), "seed": options.seed, "every": options.every,
        "min_change_mm": options.min_change_mm, "max_sigma_px": options.max_sigma_px,
        "people": {split: sorted(who) for split, who in sorted(counts.subjects.items())},
        "recordings": {split: sorted(which) for split, which in sorted(counts.recordings.items())},
        "pictures": counts.n_pictures, "labels": counts.n_labels, "keypoints": list(names),
        "left_out": dict(sorted(terms.left_out.items())), "checks_failed": dict(sorted(counts.failed.items())),
    }  # fmt: skip
    check_people({split: frozenset(who) for split, who in counts.subjects.items()})
    texts = {"README.md": card_text(terms, counts, names), "cameras.json": cameras_text(rigs),
             RECORD: json.dumps(record, ensure_ascii=False, indent=1) + "\n"}  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    named = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    digests = {name: file_sha256(folder / name) for name in named}
    check_pictures(digests)
    manifest = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / MANIFEST).write_text(manifest, encoding="utf-8", newline="\n")
    return [folder / name for name in (*texts, MANIFEST)]
