"""A run or a sweep told to people: in words, in figures, as one page, as a moving picture."""
