"""Models elsewhere: exported to other formats, and explained by pictures."""
