"""Statistics of studies: what changed over visits, by arm, and how sure that is."""
