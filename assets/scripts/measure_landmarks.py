"""Make `assets/anny_landmarks.safetensors`.

    python assets/scripts/measure_landmarks.py --faces 1500 --work FOLDER

Draws random heads of the default model, lets the landmark network look at them (about 0.5 s each,
kept in FOLDER, so that a broken run goes on where it stopped), and measures where the landmarks
lie on the model.
"""

import argparse
from pathlib import Path

import torch
from detect_faces import Detections, detect_many
from measure_embeddings import embeddings, landmarks68, ray_hits
from safetensors.torch import save_file
from synthetic_faces import SIZE

from avatar.core.mesh import SurfacePoints
from avatar.head.anny.build import AnnyOptions
from avatar.head.anny.load import load_anny

ASSETS = Path(__file__).parents[1]
BATCH = 50


def save_embeddings(points: SurfacePoints, key: str) -> None:
    """Write the 478 and 68 points as the head model reads them."""
    table = {}
    for name, embedded in (("landmarks478", points), ("landmarks68", landmarks68(points))):
        table[f"{key}/{name}/corners"] = embedded.corners.contiguous()
        table[f"{key}/{name}/barycentrics"] = embedded.barycentrics.float().contiguous()
    save_file(table, ASSETS / "anny_landmarks.safetensors")


def main() -> None:
    """Draw, detect, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=1500)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load_anny()
    paths = [arguments.work / f"{seed}.pt" for seed in range(100, 100 + arguments.faces // BATCH)]
    for seed, path in enumerate(paths, start=100):
        if not path.exists():
            detect_many(model, BATCH, seed).save(path)
    faces = Detections.load(*paths)
    points = embeddings(model, ray_hits(model, faces, SIZE))
    save_embeddings(points, f"subdivision{AnnyOptions().subdivision}")


if __name__ == "__main__":
    main()
