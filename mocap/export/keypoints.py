"""2D keypoints as a long table, the plain format that `mocap.readers` reads back."""

from pathlib import Path

import numpy as np
import pandas as pd

from mocap.trial import Keypoints2D


def write_keypoint_table(path: Path, keypoints: Keypoints2D, camera_names: tuple[str, ...]) -> None:
    """Write columns camera, frame, keypoint, x, y, confidence; Parquet or CSV by the suffix.

    Parameters
    ----------
    path : Path
        `.parquet`, or anything else for CSV.
    keypoints : Keypoints2D
        Missing samples are left out of the table, but for the last frame, which keeps the length.
    camera_names : tuple of str
        In the order of the camera axis.
    """
    n_cameras, n_frames, n_keypoints = keypoints.confidence.shape
    camera, frame, keypoint = (
        index.ravel() for index in np.indices((n_cameras, n_frames, n_keypoints), dtype=np.int32)
    )
    pixels = keypoints.pixels.reshape(-1, 2)
    keep = np.isfinite(pixels).all(axis=1) | (frame == n_frames - 1)
    table = pd.DataFrame(
        {
            "camera": pd.Categorical.from_codes(camera[keep], list(camera_names)),
            "frame": frame[keep],
            "keypoint": pd.Categorical.from_codes(keypoint[keep], list(keypoints.names)),
            "x": pixels[keep, 0],
            "y": pixels[keep, 1],
            "confidence": keypoints.confidence.ravel()[keep],
        }
    )
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
