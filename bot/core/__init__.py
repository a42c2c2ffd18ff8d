"""The rules: standard library only; no await, no clock, no chance, no I/O."""
