"""The conformance kit: what proves a backend or a dialect of yours right."""
