"""A LoRA adapter merged into its base, file to file, in the memory of a small server.

Only the byte ranges of merged tensors are computed; everything else is copied.
Each merged weight is one sum in fp32 and one rounding.
"""
