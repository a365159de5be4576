"""Administrative regions of Korea: the shipped table, imported boundaries, and which region a point lies in."""
