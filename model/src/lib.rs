//! Models: the training matrix, the forest, its evaluation, and ONNX out and in. Pure: values in, values out.
