"""Greets whoever is named on the first line of standard input, and counts a little."""
import sys

name = sys.stdin.readline().strip() or "world"
numbers, a, b = [], 1, 1
for _ in range(10):
    numbers.append(a)
    a, b = b, a + b
print(f"Hello, {name}! Python says:", *numbers)
