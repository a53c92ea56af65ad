"""The one image of ours that takes part in trials: with the neighbours of a stage, and the actors of a rehearsal."""

import shutil
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from breakwater.engines import daemon, images
from breakwater.engines.trial.allowed import BASES, WHEELS
from breakwater.engines.trial.wheels import FOLDER

NEIGHBOURS, ACTOR = "/actors/neighbours.py", "/actors/actor.py"
FILES = ("neighbours.py", "actor.py")
DOCKERFILE = f"""\
FROM {BASES[0]}
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN --mount=type=bind,from={WHEELS},source=/{FOLDER},target=/{FOLDER} \
python -m pip install --quiet --no-cache-dir --no-index --find-links /{FOLDER} grpcio
COPY neighbours.py actor.py /actors/
CMD ["python", "{ACTOR}"]
"""


async def have(client: Any, wheels: Path) -> str:
    """The image's name; it is built if it is not there. Raises EngineTrouble where it cannot be."""
    base = (await daemon.asked(client.images.get, BASES[0])).id
    parts = [base.encode(), DOCKERFILE.encode(), *((Path(__file__).parent / file).read_bytes() for file in FILES)]
    name = f"{images.PREFIX}actors:{sha256(b''.join(parts)).hexdigest()[:16]}"
    if await daemon.asked(images.missing, client, [name]):
        with TemporaryDirectory(prefix="actors-") as folder:
            for file in FILES:
                shutil.copyfile(Path(__file__).parent / file, Path(folder) / file)
            (Path(folder) / "Dockerfile").write_text(DOCKERFILE)
            words = ("docker", "buildx", "build", "--load", "--progress", "plain", "--network", "none")
            status, said = await daemon.run(*words, "--build-context", f"{WHEELS}={wheels}", "--tag", name, folder)
        if status:
            raise daemon.trouble(said, "The image of the actors was not built")
        await daemon.asked(images.prune, client, name)
    return name
