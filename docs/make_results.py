"""Put what a bench measured into its page: `python docs/make_results.py family FOLDER`.

The page has a place for it, between two marks with the bench's name; the pictures go to docs/images.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGES = {"family": "family.md", "representations": "representations.md"}
ACCURACY = "accuracy.md"  # of all others
SAID = ("steps", "seeds", "rate", "model", "split", "share", "seconds", "count", "processes")


def main(name: str, folder: Path) -> None:
    """Replace what stands between the marks of the bench `name` by what lies in its folder."""
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    pictures = sorted(folder.glob("*.png"))
    names = {picture: f"{'' if picture.stem.startswith(name) else name + '-'}{picture.name}" for picture in pictures}
    for picture in pictures:
        shutil.copy(picture, DOCS / "images" / names[picture])
    parts = [facts(found)]
    table = folder / f"{name}.md"
    if table.exists():
        parts.append(table.read_text(encoding="utf-8").strip())
    parts += [f"![{names[p].removesuffix('.png')}](images/{names[p]})" for p in pictures]
    page = DOCS / PAGES.get(name, ACCURACY)
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    page.write_text(f"{before}{begin}\n" + "\n\n".join(parts) + f"\n{end}{after}", encoding="utf-8")


def facts(found: dict[str, Any]) -> str:
    """One line: when, on what, and the settings that numbers depend on."""
    machine, settings = found["machine"], found["settings"]
    said = [f"{key} {plain(settings[key])}" for key in SAID if settings.get(key) is not None]
    return (
        f"Measured {found['made'][:10]} on {machine['cores']} processor cores ({machine['system']}) with torch "
        f"{machine['packages']['torch']}: {', '.join(said)}."
    )


def plain(value: Any) -> str:
    """A setting as words."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
