"""Run networks from ONNX files, PyTorch and Keras: layers, each with its function and blocks of pre-activations.

Nothing is measured or judged here; onnx, onnxruntime, torch and keras are imported nowhere else."""
