"""Poses of the whole body by one model: constant segment lengths, joints, weights, and a movement that is smooth."""
