"""The operator's web page. Experimental; nothing is built yet, so it registers no command.

Owns, once built: the page and its controls. Must not: write anything but operator requests.
"""
