"""The command line: one file per command behind one lazy group, one way in and one way out.

Owns: words in, lines and exit codes out. Must not: decide anything; what a command tells or asks for is decided below.

main         the console script                          failure    every error as two lines and an exit code
catalogue    the commands by name                        options    what several of them share
invocation   what was given on the command line          output     the one print boundary
project      directory -> settings -> state              asking     an operator's request and its answer
approving    the operator's approval                     transcripts, event_lines, ages    reading aloud
"""
