"""One way to write the same text: Unicode form, invisible characters, spaces, mojibake."""
