"""The synthetic lab: a person with every landmark, movements with known angles, cameras with known faults."""

from mocap.synthetic.chairs import ChairTempo, sit_to_stand
from mocap.synthetic.free import free_motion
from mocap.synthetic.functional import knee_bends, star_arc
from mocap.synthetic.gait import GaitStyle, walking
from mocap.synthetic.legs import Stance
from mocap.synthetic.lunges import lunge
from mocap.synthetic.motion import CURVES, Motion, landmarks, plant_ankle
from mocap.synthetic.names import JOINT_CENTRES, LANDMARK_BONES, LANDMARKS, mirror_name
from mocap.synthetic.observation import Observation, observe
from mocap.synthetic.planted import Tempo, hip_hinge, static_standing
from mocap.synthetic.soft_tissue import SkinMotion, with_skin_motion
from mocap.synthetic.squats import SquatStyle, squat
from mocap.synthetic.subject import SEGMENTS, Subject, default_subject
from mocap.synthetic.trial import GaitEvent, Repetition, SyntheticTrial, faced, synthesise
from mocap.synthetic.truth import true_angles

__all__ = [
    "CURVES",
    "JOINT_CENTRES",
    "LANDMARKS",
    "LANDMARK_BONES",
    "SEGMENTS",
    "ChairTempo",
    "GaitEvent",
    "GaitStyle",
    "Motion",
    "Observation",
    "Repetition",
    "SkinMotion",
    "SquatStyle",
    "Stance",
    "Subject",
    "SyntheticTrial",
    "Tempo",
    "default_subject",
    "faced",
    "free_motion",
    "hip_hinge",
    "knee_bends",
    "landmarks",
    "lunge",
    "mirror_name",
    "observe",
    "plant_ankle",
    "sit_to_stand",
    "squat",
    "star_arc",
    "static_standing",
    "synthesise",
    "true_angles",
    "walking",
    "with_skin_motion",
]
