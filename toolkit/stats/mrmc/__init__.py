"""Reader studies: many readers, many cases, several modalities (MRMC)."""
