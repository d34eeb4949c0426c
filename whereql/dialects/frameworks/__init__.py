"""Languages of frameworks that hand filters to stores."""
