"""Which language a document is in: fastText models as kernels over the bytes."""
