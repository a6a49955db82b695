"""Building blocks of the page: charts, knobs with their boxes, small tables."""
