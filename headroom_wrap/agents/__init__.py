"""The agents that can be wrapped, one file each: in, what the user has; out, what to run with which environment."""
