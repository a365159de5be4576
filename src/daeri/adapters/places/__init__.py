"""Place finders: the shipped gazetteer without any server, VWorld over HTTP."""
