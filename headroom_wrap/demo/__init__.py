"""A scripted provider on loopback and a recorded session to play against it: requests in, believable answers out."""
