"""Keypoints of several cameras become points in the world, with covariance."""

from mocap.reconstruction.losses import usable_observations
from mocap.reconstruction.options import ReconstructionOptions
from mocap.reconstruction.robust import Reconstruction, reconstruct, reconstruct_details
from mocap.reconstruction.verdicts import reconstruction_verdicts

__all__ = [
    "Reconstruction",
    "ReconstructionOptions",
    "reconstruct",
    "reconstruct_details",
    "reconstruction_verdicts",
    "usable_observations",
]
