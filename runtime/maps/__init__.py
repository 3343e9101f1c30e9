"""Maps of the native library as Python mappings."""
