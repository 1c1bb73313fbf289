"""Numbers of the compiled operations, as the code of a program names them."""

# Values.
LEAF, CONSTANT, COMBINE, FRAME, CARRY, PLACE, TURN, FIT, JOINT, BAKER, LEAN, ELEVATION, BETWEEN = range(13)
LAST_VALUE = BETWEEN
# Gradients in reverse.
CLEAR, PULL_COMBINE, PULL_FRAME, PULL_ARM, PULL_FIT, PULL_MATRIX, PULL_JOINT, PULL_BAKER, PULL_LEAN = range(20, 29)
PULL_ELEVATION, PULL_BETWEEN, ADD_VARIANCE, VARIANCE_ROOT, UNIT = range(29, 34)
# Memory.
LOAD, STORE, COVARIANCE, POSE = range(40, 44)
# Of the graph alone: part of a fit, matrix times a gradient, sum of gradients, rows given as an array.
CENTROID, ANCHOR, RESIDUAL, CHAIN, SUM = range(50, 55)
