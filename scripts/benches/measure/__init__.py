"""What the benches share: candidates, inputs that are real, and reports."""
