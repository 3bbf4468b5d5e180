"""Items of test sets found in documents."""
