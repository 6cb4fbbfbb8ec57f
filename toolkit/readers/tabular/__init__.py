"""Tables of a hospital or of a public data set: csv, xlsx and parquet, by column maps."""
