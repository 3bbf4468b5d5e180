"""How well a model does: likelihood of right answers, bits per byte of text.

    task files -> tasks -> likelihood -> choices (accuracy) -> report
                                      -> texts   (bits per byte, beside gzip and xz)

``tasks``       what a file of questions or of texts says
``forms``       questions as ARC, HellaSwag, MMLU and others ask them, from their own rows
``likelihood``  nats of tokens given those before them
``choices``     which of several answers is the likeliest
``texts``       bits per byte by language, and those of compressors
``harness``     the tasks of lm-eval by name, where that is installed
``evaluate``    all of it, and its tables
"""
