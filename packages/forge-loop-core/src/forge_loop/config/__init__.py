"""The operator's settings: their schema (model) and where they come from (load).

Owns: sections, defaults, layers, origins, every problem at once. Must not: act on a setting.

model        the settings, one frozen dataclass per section       keys     dotted names, read off the model
load         layers -> Settings with origins                       layers   files, environment, flags
values       types and limits of single values                     quantities  `15m`, `2GiB`
strict_yaml  the reader (also for frontmatter)                     nodes    what it yields
schema, sample, show    the model as JSON schema, as a commented file, as rows
paths        the project and its state directory                   layout   what is inside it
"""
