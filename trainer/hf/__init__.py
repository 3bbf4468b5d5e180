"""Models of ``transformers``, in and out."""
