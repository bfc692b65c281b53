"""Models of other programs become model files: from packages of bioimage.io, ONNX and modules of PyTorch."""
