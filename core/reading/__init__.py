"""The one way from a picture to an answer."""
