"""``python -m napari_apprentice.cli``: the command line of this very Python."""

from napari_apprentice.cli import main

main()
