"""The driven side: one technology a module, every foreign error translated."""
