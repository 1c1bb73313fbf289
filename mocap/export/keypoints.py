"""2D keypoints as a long table, the plain format that `mocap.readers` reads back."""

from pathlib import Path

import numpy as np
import pandas as pd

from mocap.keypoints import PeopleKeypoints
from mocap.trial import Keypoints2D


def write_keypoint_table(
    path: Path, keypoints: Keypoints2D | PeopleKeypoints, camera_names: tuple[str, ...]
) -> None:
    """Write columns camera, frame, keypoint, x, y, confidence; Parquet or CSV by the suffix.

    Parameters
    ----------
    path : Path
        `.parquet`, or anything else for CSV.
    keypoints : Keypoints2D or PeopleKeypoints
        Missing samples are left out of the table, but for the last frame, which keeps the length. Several people
        get a column `person`.
    camera_names : tuple of str
        In the order of the camera axis.
    """
    several = isinstance(keypoints, PeopleKeypoints)
    confidence = keypoints.confidence if several else keypoints.confidence[:, :, None]
    camera, frame, person, keypoint = (index.ravel() for index in np.indices(confidence.shape, dtype=np.int32))
    pixels = keypoints.pixels.reshape(-1, 2)
    keep = np.isfinite(pixels).all(axis=1) | (frame == confidence.shape[1] - 1)
    columns = {
        "camera": pd.Categorical.from_codes(camera[keep], list(camera_names)),
        "frame": frame[keep],
        "person": person[keep],
        "keypoint": pd.Categorical.from_codes(keypoint[keep], list(keypoints.names)),
        "x": pixels[keep, 0],
        "y": pixels[keep, 1],
        "confidence": confidence.ravel()[keep],
    }
    table = pd.DataFrame({name: column for name, column in columns.items() if several or name != "person"})
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False, write_page_checksum=True)
    else:
        table.to_csv(path, index=False)
