"""Many sessions at once: on one machine over processes, on a Dask cluster, or through a queue of SLURM."""
