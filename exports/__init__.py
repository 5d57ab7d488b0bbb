"""From current labels to splits and to files that trainers load."""
