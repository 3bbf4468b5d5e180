"""``python -m pipeline serve RUN``: a run's documents, to be searched and read in a browser.

search   what is looked for, and DuckDB over the run's Parquet files
story    all that is known of one document: signals, cluster, pairs, tokens, training rows
shown    text of the web made harmless and legible
app      the pages (Starlette, Jinja2), read-only, on the loopback address
"""
