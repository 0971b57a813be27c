"""Where the face of a photo is, how it is turned, what its parts are and which pixels are its skin."""
