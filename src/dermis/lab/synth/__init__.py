"""Made subjects whose truth is known: from parameters to photos, cubes and labels."""
