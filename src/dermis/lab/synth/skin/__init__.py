"""The skin of made subjects: chromophore maps, colour, texture."""
