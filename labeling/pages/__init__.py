"""The pages of the app, in the order of the work. Each one lays out and calls, nothing more."""
