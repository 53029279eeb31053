"""What IPython's shell needs of the magics: questions, statements, completion."""
