"""What the lab "A box that can be shipped" asks of the image of `orders`. The guide beside states the budgets.

The image runs among neighbours of ours, with its own command; what it does is seen from outside. The moments of a
signal, a crowd and a fault are made, not waited for: payments answers when the check lets it.
"""

import asyncio

import pytest

from breakwater.checks.images import has_password

SIZE_PERCENT, NO_MORE_THAN_PACKAGES = 25.0, 13.0  # an image with its packages alone comes to the second one
EDIT_MB = 5.0
MEMORY_MB, CROWD = 192, 24
GRACE_S, HELD_S = 10, 2.0
HEALTHY_S, STARTS_S = 20.0, 40.0
LOCAL_ENV = "local.env"
LOCKED_DOWN = {"read_only": True, "tmpfs": {"/tmp": "size=16m"}, "cap_drop": ["ALL"]}


@pytest.mark.check("small", takes_s=25, limit_s=240)
@pytest.mark.points(2, outcome="containers.image")
async def test_small(images, measure):
    """The image adds to its base a quarter of what the one adds that was handed out, or less."""
    mine, naive = await images.mine("orders").added_mb(), await (await images.naive("orders")).added_mb()
    percent = 100 * mine / naive
    says = f"your image adds {mine:.0f} MB to its base, {percent:.0f} % of the {naive:.0f} MB of the one handed out"
    measure.at_most(
        "size against the naive image", percent, SIZE_PERCENT, unit="%", says=says, floor=NO_MORE_THAN_PACKAGES
    )


@pytest.mark.check("edit-reuses", takes_s=15, limit_s=240)
@pytest.mark.points(3, outcome="containers.image")
async def test_edit_reuses(images, measure, seed):
    """After an edit of the code the packages are not installed, nor shipped, again."""
    mark = f"edited-{seed.getrandbits(64):016x}"
    edited = await images.edited("orders", {"app/settings.py": lambda text: f'{text}\nEDITED = "{mark}"\n'})
    arrived = await edited.places(mark)
    assert arrived, "app/settings.py was edited, and the new text is nowhere in the new image"
    differs_mb = await edited.differs_mb(images.mine("orders"))
    says = f"one line of app/settings.py was edited, and {differs_mb:.1f} MB of layers are new"
    measure.at_most("layers that an edit changes", differs_mb, EDIT_MB, unit="MB", says=says)


@pytest.mark.check("no-secret", takes_s=15, limit_s=240)
@pytest.mark.points(3, outcome="containers.image")
async def test_no_secret(images, seed):
    """Who has the image has no password: none in a layer, none in its history, none in its environment."""
    password = f"{seed.getrandbits(128):032x}"
    text = f"DATABASE_URL=postgresql+asyncpg://orders:{password}@127.0.0.1:5432/orders\n"
    image = await images.edited("orders", {LOCAL_ENV: text})
    found = await image.places(password)
    assert not found, f"the password in {LOCAL_ENV} is in the image: {found[0]}"
    named = [name for name, value in image.environment.items() if has_password(value)]
    assert not named, f"the image sets {named[0]} for whoever runs it, with a password in it"


@pytest.mark.check("not-root", takes_s=8, limit_s=180)
@pytest.mark.points(2, outcome="containers.isolation")
async def test_not_root(images, stage):
    """No process of the container is root's."""
    orders = await stage.start(images.mine("orders"))
    await orders.sells(when="in a container")
    root, users = await stage.roots_user(), await orders.users()
    count = users.count(root)
    assert not count, f"{count} of {len(users)} processes of the container are root's (uid {root} on this machine)"


@pytest.mark.check("locked-down", takes_s=8, limit_s=180)
@pytest.mark.points(3, outcome="containers.isolation")
async def test_locked_down(images, stage):
    """It sells seats with a root file system that nobody can write, and without any capability."""
    when = "with a read-only root, /tmp in memory and no capabilities"
    orders = await stage.start(images.mine("orders"), when=when, **LOCKED_DOWN)
    await orders.sells(3, when=when)
    await orders.holds(when=when)


@pytest.mark.check("memory-limit", takes_s=12, limit_s=180)
@pytest.mark.points(2, outcome="containers.isolation")
async def test_memory_limit(images, stage):
    """With 192 MB of memory it serves 24 buyers at once, and the kernel ends none of its processes."""
    when = f"with {MEMORY_MB} MB of memory"
    limit = {"mem_limit": f"{MEMORY_MB}m", "memswap_limit": f"{MEMORY_MB}m"}
    orders = await stage.start(images.mine("orders"), when=when, **limit)
    async with stage.payments_held() as asked:
        buying = [asyncio.create_task(orders.buy(patience_s=20.0)) for _ in range(CROWD)]
        await asked(*buying)
    told = await asyncio.gather(*buying)
    await orders.holds(when=f"{when} and {CROWD} buyers at once")
    refused = [answer.told for answer in told if answer.trouble or answer.status not in (201, 202)]
    assert not refused, f"{when}, {len(refused)} of {CROWD} buyers were sold nothing; one was told {refused[0]}"


@pytest.mark.check("stops", takes_s=15, limit_s=180)
@pytest.mark.points(4, outcome="containers.lifecycle")
async def test_stops(images, stage):
    """Told to stop, it finishes the purchase that is under way, and ends before it is killed."""
    orders = await stage.start(images.mine("orders"))
    async with stage.payments_held() as asked:
        buying = asyncio.create_task(orders.buy(patience_s=20.0))
        await asked(buying)
        stopping = asyncio.create_task(orders.stop(GRACE_S))
        await asyncio.sleep(HELD_S)
    answer = await buying
    when = f"its payment was taken {HELD_S:.0f} s after SIGTERM"
    sold = answer.status in (201, 202) and not answer.trouble
    await asyncio.gather(stopping, return_exceptions=True)
    assert sold, f"{when}, and the buyer was told {answer.told}"
    await stopping


@pytest.mark.check("health", takes_s=45, limit_s=240)
@pytest.mark.points(4, outcome="containers.lifecycle")
async def test_health(images, stage):
    """Its health turns bad when the database is gone or hangs, and good again when it is back."""
    orders = await stage.start(images.mine("orders"))
    await orders.turns("healthy", STARTS_S, when="after its start")
    async with stage.database_gone():
        await orders.turns("unhealthy", HEALTHY_S, when="with its database gone")
    await orders.turns("healthy", HEALTHY_S, when="with its database back")
    async with stage.database_hanging():
        await orders.turns("unhealthy", HEALTHY_S, when="with its database hanging")
    await orders.turns("healthy", HEALTHY_S, when="with its database going on")
    await orders.sells(when="after that")
