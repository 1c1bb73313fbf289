"""The card of a dataset: what it holds, how good it is, what may be done with it, and what it cannot tell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mocap.export.dataset.counting import Counts
from mocap.export.dataset.labels import HIDDEN, OUTSIDE, VIEWS, VISIBLE
from mocap.export.dataset.splits import SPLITS
from mocap.export.dataset.truth import ANGLES

_LOADING = {
    "coco": "```python\nfrom pycocotools.coco import COCO\ncoco = COCO(\"annotations/train.json\")\n```\n\n"
            "Each annotation holds beside COCO's own fields: `keypoints_sigma_px`, `keypoints_hidden`, "
            "`keypoints_world_m`, `keypoints_camera_m` (x, y, z of each point, null where there is no label), "
            "`keypoints_status` (1 measured, 2 filled, 4 filtered, 8 edited, 16 rejected, 32 doubtful), "
            "`angles_deg` with `angles_sd_deg` and, where there is no value, the reason in `angles_missing`, "
            "`repetition`, `depth`, `wink_phase` and the onset of the tuck.",
    "yolo": "`data.yaml` and `labels/` are what Ultralytics reads (`yolo pose train data=data.yaml`); "
            "u and v are pixels divided by the picture's width and height. Angles, covariances and "
            "3D points, for which that format has no place, are in the tables `train/`, `val/`, `test/` "
            "(`pandas.read_parquet`).",
    "parquet": "```python\nimport pandas\nframes = pandas.read_parquet(\"train/frames.parquet\")\n"
               "landmarks = pandas.read_parquet(\"train/landmarks.parquet\")\n"
               "cube = landmarks.set_index([\"recording\", \"frame\", \"camera\", \"keypoint\"]).to_xarray()\n```\n\n"
               "`frames` holds the angles and the phase of the squat, `views` a row for each picture, `landmarks` a "
               "row for each point of each picture. Unit and meaning of each column are in its schema.",
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What was asked of a dataset.

    Attributes
    ----------
    kind, purpose : str
    images, deidentified : bool
    shares : tuple of float
        Of the splits.
    seed, every : int
    min_change_mm, max_sigma_px : float
    left_out : mapping of str to int
        Recordings or sessions that are not in it, by reason.
    notes : tuple of str
    software : str
    """

    kind: str
    purpose: str
    images: bool
    deidentified: bool
    shares: tuple[float, float, float]
    seed: int
    every: int
    min_change_mm: float
    max_sigma_px: float
    left_out: Mapping[str, int]
    notes: tuple[str, ...]
    software: str


def card_text(terms: Terms, counts: Counts, names: Sequence[str]) -> str:
    """Return the card as Markdown."""
    parts = [
        "# Ground truth of people seen by calibrated cameras",
        f"Labels of {counts.n_pictures} pictures ({'with' if terms.images else 'without'} the pictures themselves), "
        f"made by {terms.software} for the purpose *{terms.purpose}*. Points are reconstructed in 3D from all cameras "
        "and projected back into each, so a label does not depend on what that camera's detector saw.",
        "## What is in it\n\n" + _splits_table(counts),
        "### Pictures by movement and side of the person\n\n" + _strata_table(counts),
        "### Angles\n\n" + _angle_table(counts),
        f"Points ({len(names)}): {', '.join(names)}.",
        "## Reading it\n\n" + _LOADING[terms.kind],
        "`cameras.json` holds the cameras of each recording: size in px, matrix, distortion (OpenCV's order), "
        "`cam_from_world` (m). `manifest.sha256` holds the digest of every file: `sha256sum -c manifest.sha256`.",
        "## Conventions\n\n" + _CONVENTIONS,
        "## Quality\n\n" + _quality(terms, counts),
        "## How it was chosen\n\n" + _choice(terms),
        "## People, consent and licence\n\n" + _people(terms, counts),
        "## Known limits\n\n" + "\n".join(f"- {text}" for text in _limits(terms, counts)),
    ]
    return "\n\n".join(parts) + "\n"


_CONVENTIONS = (
    "- Pixels: the centre of the top-left pixel is (0, 0), as `cv2.projectPoints` has it.\n"
    "- World: metres, right-handed, Z up. Camera: x right, y down, z ahead.\n"
    "- Visibility: 0 not in the picture, or not known well enough; 1 in the picture, but hidden by the person's own "
    "body or not found by the camera's detector; 2 to be seen.\n"
    "- Pelvic tilt: anterior +, against gravity. Lumbar flexion: flexion +, against the static trial. Ankle "
    "dorsiflexion +.\n"
    "- Depth of a squat: 0 standing, 1 at its bottom. `wink_phase`: *before* the onset of the tuck, *tucking* from "
    "there to the bottom, *recovering* until the onset's depth is passed upwards, *after*; *none* where the "
    "repetition has no tuck, *unknown* where that cannot be told.\n"
    "- An angle that cannot be observed, is missing or doubted has no value, and the reason beside it."
)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)])


def _splits_table(counts: Counts) -> str:
    pictures = Counter({split: sum(n for (one, _, _), n in counts.pictures.items() if one == split)
                        for split in SPLITS})  # fmt: skip
    rows = [(split, len(counts.subjects[split]), len(counts.recordings[split]), counts.frames[split], pictures[split],
             *(counts.points[split, seen] for seen in (VISIBLE, HIDDEN, OUTSIDE))) for split in SPLITS]  # fmt: skip
    head = ("split", "people", "recordings", "frames", "pictures", "points visible", "hidden", "outside or unknown")
    return _table(head, rows)


def _strata_table(counts: Counts) -> str:
    kinds = sorted({(movement, split) for split, movement, _ in counts.pictures}, key=lambda one: (one[0],
                    SPLITS.index(one[1])))  # fmt: skip
    rows = [(movement, split, *(counts.pictures[split, movement, view] for view in VIEWS)) for movement, split in kinds]
    return _table(("movement", "split", *VIEWS), rows)


def _angle_table(counts: Counts) -> str:
    whole = sum(counts.frames.values())
    rows = [(name, *(counts.angle_frames[split, name] for split in SPLITS),
             f"{100 * sum(counts.angle_frames[split, name] for split in SPLITS) / whole:.0f} %" if whole else "")
            for name in ANGLES]  # fmt: skip
    return _table(("frames with a value", *SPLITS, "of all"), rows)


def _quality(terms: Terms, counts: Counts) -> str:
    median, most = counts.sigma_px(np.array([0.5, 0.95]))
    spread = f"{median:.2f} px in the middle, 95 % below {most:.2f} px" if median >= 0 else "not known of any label"
    near, far = counts.detection_px(np.array([0.5, 0.95]))
    beside = (f"- Labels lie {near:.2f} px (middle) from what the cameras' detectors found, 95 % below {far:.2f} px.\n"
              if near >= 0 else "")  # fmt: skip
    unknown = f"; of {counts.unknown_sigma} labels it is not known" if counts.unknown_sigma else ""
    return (
        f"- Standard deviation of a label in the picture, where it is greatest: {spread}{unknown}. It holds the noise "
        f"of the reconstruction and what the calibration adds to the point; labels above {terms.max_sigma_px:g} px are "
        f"left out.\n{beside}"
        f"- Pictures were taken up to {1000 * counts.largest_offset_s:.2f} ms beside the time of their frame; the "
        "points were moved to that instant at their speed.\n"
        f"- Recordings with a check that does not hold: {len(counts.failed)} (`checks_passed` tells which, "
        "`dataset.json` the checks)."
    )


def _choice(terms: Terms) -> str:
    lines = [
        f"- Shares of train, val, test: {', '.join(f'{share:g}' for share in terms.shares)}, seed {terms.seed}; every "
        "person is in one split alone, pictures by movement and side are spread evenly as far as that allows.",
        "- That no person, no picture and no recording under two names is in two splits was checked, of people and "
        "pictures on what was written.",
        f"- Every {terms.every}. frame was looked at." if terms.every > 1 else "- Every frame was looked at.",
        f"- A pose nearer than {terms.min_change_mm:g} mm (root mean square over the points) to one that is kept of "
        "the same recording was left out." if terms.min_change_mm > 0 else "- Near-identical frames were kept.",
        *(f"- Left out: {n} ({reason})" for reason, n in sorted(terms.left_out.items())),
    ]  # fmt: skip
    return "\n".join(lines)


def _people(terms: Terms, counts: Counts) -> str:
    who = (
        "Names, notes, places and dates were taken out; people and recordings have pseudonyms, whose key is not part "
        "of this." if terms.deidentified else "**People bear the codes of their lab, and recordings their own names.**"
    )
    licences = "; ".join(f"{name}: {n}" for name, n in sorted(counts.licences.items()))
    return (
        f"{who} Everybody in it consented to *{terms.purpose}*{' with pictures' if terms.images else ''}, as their lab "
        f"states. Use it for nothing else.\n\nLicence as stated by the labs, recordings each: {licences}."
    )


def _limits(terms: Terms, counts: Counts) -> list[str]:
    empty = [split for split in SPLITS if not counts.subjects[split]]
    limits = [
        "What hides a point is estimated with limbs of fixed thickness, without hands, clothes, hair, furniture or "
        "other people: at the outline of a limb it errs by some centimetres.",
        "Landmarks on the skin move against the bones (soft tissue); the standard uncertainty of an angle holds that "
        "as far as it is published, that of a label in the picture does not.",
        "Errors of labels in neighbouring frames, and those that the calibration makes, go together.",
        "Rolling shutters are not followed row by row.",
        *([f"There is nobody in {' and '.join(empty)}: too few people."] if empty else []),
        *terms.notes,
    ]
    if terms.images and terms.deidentified:
        limits.append("Only the face of the recorded person is blurred, not those of others in view, nor tattoos, "
                      "clothes and rooms: look at the pictures before they leave the lab.")  # fmt: skip
    return limits
