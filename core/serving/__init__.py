"""The API: the same reader for programs, in the process and on the port of the pages."""
