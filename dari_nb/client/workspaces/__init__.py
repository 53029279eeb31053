"""Downloaded workspaces: their files, listed, read and unpacked."""
