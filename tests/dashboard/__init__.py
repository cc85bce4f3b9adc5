"""What the dashboard shows, on a terminal and on a page."""
