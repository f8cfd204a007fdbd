"""The command line: one file per command behind one lazy group, one way in and one way out.

Owns: words in, lines and exit codes out. Must not: decide anything; what a command tells or asks for is decided below.

main         the console script: every error becomes two lines and an exit code     catalogue  the commands by name
invocation   what was given on the command line                                     options    the options they share
output       the one print boundary                                                 project    directory -> settings -> state
asking       an operator's request and its answer                                   approving  the operator's approval
"""
