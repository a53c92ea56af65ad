"""What the lab also asks, with counts, names and orders drawn from the class seed."""

import asyncio

import pytest

from breakwater.checks.rehearsed import backwards, early, last

GRACE_S = 10
EDIT_MB = 5.0
OTHER_PACKAGE = "grpcio-health-checking"  # one that another service of the shop asks for
ITS_FILE = "grpc_health/v1/health.py"
STRANGERS = 6  # of eleven pairs that must not reach each other
LYING_ABOUT = (".env", "id_ed25519", "dump.sql", "notes/todo.md", "orders.har", "backup/app.tar", ".netrc", "core.1")


@pytest.mark.check("02-h1", takes_s=15, limit_s=180)
@pytest.mark.points(3, outcome="containers.lifecycle")
async def test_several_purchases_are_finished(images, stage, seed):
    """Told to stop, it finishes all purchases that are under way, and ends before it is killed."""
    count, held_s = seed.randint(3, 6), seed.uniform(1.5, 3.0)
    orders = await stage.start(images.mine("orders"))
    await orders.sells(2, when="before it is told to stop")
    async with stage.payments_held() as asked:
        buying = [asyncio.create_task(orders.buy(patience_s=20.0)) for _ in range(count)]
        await asked(*buying)
        stopping = asyncio.create_task(orders.stop(GRACE_S))
        await asyncio.sleep(held_s)
    told = await asyncio.gather(*buying)
    await asyncio.gather(stopping, return_exceptions=True)
    lost = [answer.told for answer in told if answer.trouble or answer.status not in (201, 202)]
    assert not lost, f"of {count} buyers whose payment was under way at SIGTERM, {len(lost)} were told e.g. {lost[0]}"
    await stopping


@pytest.mark.check("02-h2", takes_s=15, limit_s=240)
@pytest.mark.points(2, outcome="containers.image")
async def test_only_what_is_needed_is_in_the_image(images, seed):
    """What lies beside the service is in no layer of its image, whatever it is called."""
    names, mark = seed.sample(LYING_ABOUT, 3), f"{seed.getrandbits(128):032x}"
    image = await images.edited("orders", {name: f"{mark}\n" for name in names}, what="files beside the service")
    found = await image.places(mark)
    assert not found, f"a file that lies beside the service, and that it does not need, is in its image: {found[0]}"


@pytest.mark.check("02-h3", takes_s=25, limit_s=300)
@pytest.mark.points(2, outcome="containers.image")
async def test_a_change_arrives_and_no_more_than_it(images, measure, seed):
    """A new requirement is installed; an edit beside the code reuses what was installed."""
    rows = images.handed_out("inventory/requirements.txt").splitlines()
    wanted = next(row for row in rows if row.startswith(OTHER_PACKAGE))
    grown = await images.edited("orders", {"requirements.txt": lambda text: f"{text.rstrip()}\n{wanted}\n"})
    arrived = await grown.files(ITS_FILE)
    assert arrived, f"{OTHER_PACKAGE} was added to requirements.txt, and the new image has nothing of it"
    edit = seed.choice(["app/book.py", "app/main.py", "migrations/env.py", "alembic.ini"])
    edited = await images.edited("orders", {edit: lambda text: f"{text}\n# edited\n"})
    differs_mb = await edited.differs_mb(images.mine("orders"))
    says = f"one line of {edit} was edited, and {differs_mb:.1f} MB of layers are new"
    measure.at_most("layers that an edit changes", differs_mb, EDIT_MB, unit="MB", says=says)


@pytest.mark.check("02-h4", takes_s=35, limit_s=240)
@pytest.mark.points(3, outcome="containers.composition")
async def test_walls_stand_elsewhere_too(composition, seed):
    """Who calls whom reaches it; the card provider, payments and the database are reached by nobody else."""
    calls = set(composition.links)
    for caller, callee in sorted(calls):
        await composition.reaches(caller, callee)
    guarded = ["payments", "provider", "postgres"]
    strangers = [
        (caller, callee)
        for callee in guarded
        for caller in sorted(composition.services)
        if caller != callee and not {(caller, callee), (callee, caller)} & calls
    ]
    for caller, callee in seed.sample(strangers, min(STRANGERS, len(strangers))):
        await composition.is_cut_off(caller, callee)


@pytest.mark.check("02-h5", takes_s=80, limit_s=320)
@pytest.mark.points(2, outcome="containers.composition")
async def test_start_order_whoever_is_quick(composition):
    """Nobody is started too early, whoever of its neighbours is well first."""
    # Who waits for one of several is not seen to unless that one is the last of them to be well. Of the gateway's
    # neighbours orders is so by name, and the catalog backwards; pricing, which needs nobody, never is by itself.
    for order in (backwards, last("pricing")):
        too_early = early(await composition.started(order))
        assert not too_early, f"the shop came up in the wrong order: {'; '.join(too_early)}"
