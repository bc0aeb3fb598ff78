"""Files: configs that are read with good errors, results that are written whole.

config_file   YAML held against a model; errors name file, line and key
result_cache  results that were paid for, in the user's cache folder
text_file     text with or without a byte-order mark
replace_file  a file replaced by another in one step
"""
