"""datatrove's definitions: its words, its lines, its signals (``preset: datatrove``)."""
