"""What a raw folder of captchas holds, and the settings that fit it."""
