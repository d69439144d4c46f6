"""Pages for the public, in Korean and English, made on the server."""
