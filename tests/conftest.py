"""Settings shared by all tests."""

import os

# Small nets on few cores: one thread each is several times faster than many that wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import torch

torch.set_num_threads(1)
