"""Reads token shards, trains a decoder on them, exports it. Never imports ray, stages or pipeline.

    shards -> data -> step (model, loss, optimizer) -> output, checkpoint -> curve, page, export
                                                                 `-> loaded -> generate, evaluation

``config``, ``config_file``  what a training run may say; reading it, with errors that name the line
``timetable``, ``schedule``  which rows a step reads; its learning rate
``data``, ``token_bytes``    rows as micro batches, with what losses by component need
``model``, ``loss``          decoders of Llama and GPT-2 blocks; cross entropy without all logits
``step``, ``optimizer``      one update from a global batch, without waiting for the device
``spikes``, ``sums``         steps better not taken; losses by component
``distributed``              several processes: torchrun, weights shared by FSDP2
``train``, ``loop``          the run: begins, goes on, evaluates, writes checkpoints
``held_out``, ``interrupts`` losses of rows not trained on; stopping within seconds
``output``, ``trackers``     the run's folder; TensorBoard and others
``checkpoint*``              what resuming needs: format, files of each process, writing in a thread
``unchanged``                that shards stay the same while they are read
``trace``, ``verify_resume`` the documents of a step; proof that resuming is exact
``threads``, ``device``      what computes, and how that bears on the bits of a result
``curve``, ``page``, ``export``   loss.png, report.html; the model as a Hugging Face folder
``plan``, ``memory``, ``checks``  what a run will take; what would go wrong, said before it does
``initial``, ``hf_folder``   going on from a model of transformers
``loaded``, ``generate``, ``draw``  a model at hand; text from it, a token by chance
``evaluation``               accuracy on questions, bits per byte of texts

A row holds several documents. Attention stays within each (``document_mask``), and no loss is taken
where the next token is padding or belongs to another piece, so a packed document is learnt from as
if it stood alone. Learned positions begin anew with each document; rotary ones count through the
row, which attention does not notice, since it depends on distances only. A document cut in two
rows goes on without sight of its first part.

    >>> from trainer.config_file import load_config
    >>> from trainer.train import train
    >>> outcome = train(load_config("configs/train/sample.yaml"))  # doctest: +SKIP
"""
