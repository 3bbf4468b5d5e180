"""Personal data in text: found by kernels over the bytes, replaced by placeholders."""
