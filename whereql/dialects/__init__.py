"""The filter languages that whereql reads and writes, one module each; `plugin` registers them."""
