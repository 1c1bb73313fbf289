"""What the cameras saw, who of several people is the one to follow, and whether their sides are right."""

from mocap.keypoints.participant import ParticipantChoice, ParticipantRule, choose_participant
from mocap.keypoints.people import PeopleKeypoints
from mocap.keypoints.sides import SideOptions, SideSwaps, correct_sides, find_side_swaps
from mocap.keypoints.sides_words import side_verdicts, side_words
from mocap.keypoints.simultaneous import simultaneous
from mocap.keypoints.tracks import PeopleTracks, TrackOptions, associate_people

__all__ = [
    "ParticipantChoice",
    "ParticipantRule",
    "PeopleKeypoints",
    "PeopleTracks",
    "SideOptions",
    "SideSwaps",
    "TrackOptions",
    "associate_people",
    "choose_participant",
    "correct_sides",
    "find_side_swaps",
    "side_verdicts",
    "side_words",
    "simultaneous",
]
