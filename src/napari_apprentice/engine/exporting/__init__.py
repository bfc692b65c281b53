"""Networks for other programs: as ONNX, as TorchScript, as a package of bioimage.io."""
