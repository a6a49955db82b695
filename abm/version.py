"""The version of the package, which the manifest of every result names."""

__version__ = "0.1.0"
