"""What is typed in a shell: ``dari-local``, above all that it uses."""
