"""Coverage-guided fuzzing of whatever reads bytes that came from elsewhere, with atheris (``pip install atheris``)."""
