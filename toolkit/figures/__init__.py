"""Results drawn as figures; import the drawing functions from the module of their topic."""
