"""Models from the Hugging Face hub: pinned, resumable, and every byte checked."""
