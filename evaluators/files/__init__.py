"""Files: configs that are read with good errors, results that are written whole."""
