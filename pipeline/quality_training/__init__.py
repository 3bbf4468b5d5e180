"""Training a quality model: from labelled sources to a calibrated classifier and its report.

    sources -> read_examples -> folds_of -> out_of_fold -> fit_calibration -> model.json
    and stages   prepared text   by source   scores of unseen   probability      report.html
                                             sources

``settings``    the section ``train_quality`` of a recipe, or a YAML of its own
``examples``    labelled documents, prepared as the stage will prepare them
``folds``       which documents are judged by a classifier that has not seen their source
``classifier``  fastText's training, and scoring with our kernels
``measures``    AUC, precision and recall, reliability
``report``      one page to look at
``train``       all of it
"""
