"""What a raw folder of slides holds, and the settings that fit it."""
