"""`tito`: the course on the command line. Whatever it shows, pytest can show."""
