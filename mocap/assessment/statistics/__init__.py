"""Statistics of people measured several times: reliability, permutation tests, effects, changes of one person."""
