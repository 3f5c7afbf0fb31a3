"""Networks that are run: ONNX files, PyTorch, Keras -> layers, each with its function and blocks of pre-activations.

Nothing is measured or judged here; onnx, onnxruntime, torch and keras are imported nowhere else."""
