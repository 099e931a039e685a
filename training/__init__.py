"""How the small network was made: label maps in, one ONNX file out. Torch lives here only; the product never imports it."""
