"""The joint refinement of all cameras and boards: analytic Jacobians, elimination of the poses, covariance."""
