"""A run or a sweep told to readers: in words, in figures, as one page, as a moving picture."""
