"""The captcha room: generate, read and answer captchas."""
