"""What everything rests on: errors, files, ids, settings, pictures' bytes, facts of the machine."""
