"""Put what a bench measured into its page: `python docs/make_results.py family FOLDER`, or `representations FOLDER`.

The page docs/NAME.md has a place for it; the pictures go to docs/images.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

DOCS = Path(__file__).parent
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
FACTS = (
    "Measured {made} on {cores} processor cores ({system}) with torch {torch}: {steps} steps, seeds {seeds}, "
    "highest learning rate {rate}."
)


def main(name: str, folder: Path) -> None:
    found = json.loads((folder / "results.json").read_text())
    machine, settings = found["machine"], found["settings"]
    facts = FACTS.format(
        made=found["made"][:10],
        cores=machine["cores"],
        system=machine["system"],
        torch=machine["packages"]["torch"],
        steps=settings["steps"],
        seeds=", ".join(map(str, settings["seeds"])),
        rate=settings["rate"],
    )
    pictures = sorted(folder.glob(f"{name}*.png"))
    for picture in pictures:
        shutil.copy(picture, DOCS / "images" / picture.name)
    page = DOCS / f"{name}.md"
    before, rest = page.read_text().split(BEGIN)
    after = rest.split(END)[1]
    shown = "\n\n".join(f"![{p.stem}](images/{p.name})" for p in pictures)
    table = (folder / f"{name}.md").read_text().strip()
    page.write_text(f"{before}{BEGIN}\n{facts}\n\n{table}\n\n{shown}\n{END}{after}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
