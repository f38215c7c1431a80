"""Three programs as PyTorch's users write them. They import torch; tests change that line, and no other."""
