"""A CPU model server that speaks Text Generation Inference's wire protocol."""
