"""What may be loaded: a model folder, its manifest and its golden texts."""
