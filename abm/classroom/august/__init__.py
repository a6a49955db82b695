"""August 2024: the model's band beside the record."""
