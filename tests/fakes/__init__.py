"""Other people's servers, played on real sockets: they misbehave exactly as told, and remember what they were given."""
