"""The grammar of whereql's textual filter language, as the package `whereql_grammar`; `README.md` beside it is the reference."""
