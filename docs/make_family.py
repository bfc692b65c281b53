"""Put what `apprentice bench family --out FOLDER` measured into docs/family.md: `python docs/make_family.py FOLDER`."""

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


def main(folder: Path) -> None:
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
    pictures = sorted(folder.glob("family*.png"))
    for picture in pictures:
        shutil.copy(picture, DOCS / "images" / picture.name)
    page = DOCS / "family.md"
    before, rest = page.read_text().split(BEGIN)
    after = rest.split(END)[1]
    shown = "\n\n".join(f"![{p.stem}](images/{p.name})" for p in pictures)
    table = (folder / "family.md").read_text().strip()
    page.write_text(f"{before}{BEGIN}\n{facts}\n\n{table}\n\n{shown}\n{END}{after}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
