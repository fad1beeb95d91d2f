//! Readers of network files: ONNX and the .snn text form.
