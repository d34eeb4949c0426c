"""The filter languages that whereql reads and writes, in families; `plugin` registers them."""
