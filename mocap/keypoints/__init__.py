"""What the cameras saw, and who of several people is the one to follow."""

from mocap.keypoints.association import AssociationOptions, PersonChoice, choose_person
from mocap.keypoints.people import PeopleKeypoints

__all__ = ["AssociationOptions", "PeopleKeypoints", "PersonChoice", "choose_person"]
