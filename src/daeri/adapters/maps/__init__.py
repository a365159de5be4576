"""Routers: the straight line without any server, OSRM and Valhalla over HTTP."""
