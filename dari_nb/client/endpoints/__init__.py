"""Each endpoint of the API, described once and without I/O.

An endpoint is a function: its signature and docstring are those of the client's method, its body
checks the arguments and returns a request, or steps of several requests.
"""
