"""The arithmetic of one trading day, compiled: numbers in, numbers and a status out."""
