"""The subcommands and what they are called."""

from tyro.extras import SubcommandApp

from avatar.cli.bench import bench
from avatar.cli.demo import demo
from avatar.cli.doctor import doctor
from avatar.cli.edit import edit
from avatar.cli.landmarks import landmarks
from avatar.cli.models import models_add, models_list, models_remove
from avatar.cli.reconstruct import reconstruct
from avatar.cli.relight import relight
from avatar.cli.render import render
from avatar.cli.speak import speak
from avatar.cli.track import drive, track
from avatar.cli.train import train
from avatar.cli.view import view

DESCRIPTION = """From photos to a rigged, textured 3D head with 52 ARKit morphs, on a laptop CPU.

Start with `avatar demo`, then `avatar reconstruct face.jpg -o head.glb --preview head.png`."""


def run(arguments: list[str]) -> None:
    """Parse the arguments and run the subcommand they name; argparse's exit codes on misuse."""
    models = SubcommandApp()
    models.command(name="list")(models_list)
    models.command(name="add")(models_add)
    models.command(name="remove")(models_remove)
    app = SubcommandApp()
    app.command(name="demo")(demo)
    app.command(name="reconstruct")(reconstruct)
    app.command(name="speak")(speak)
    app.command(name="track")(track)
    app.command(name="drive")(drive)
    app.command(name="train")(train)
    app.command(name="render")(render)
    app.command(name="relight")(relight)
    app.command(name="edit")(edit)
    app.command(name="view")(view)
    app.command(name="landmarks")(landmarks)
    app.command(models, name="models", help="List the head models; add and remove your own.")
    app.command(name="doctor")(doctor)
    app.command(name="bench")(bench)
    app.cli(prog="avatar", description=DESCRIPTION, args=arguments)
