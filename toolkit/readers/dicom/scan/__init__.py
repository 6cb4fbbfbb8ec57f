"""An inventory of an archive: headers of all its objects, and what belongs together."""
