"""COMET: checkpoints, the environment and worker processes that its library runs in, and a client of those."""
