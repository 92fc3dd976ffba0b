"""From a picture to an answer: the one way that every page and script takes."""
